import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { serveDaemon } from '../../../buildkit-client/test/support/fake-daemon.js'
import { ControlConnection } from '../../src/control/control-connection.js'
import { FakeExecs } from '../support/fake-execs.js'

function connectToFakeDaemon() {
  const peers: Duplex[] = []
  const execs = new FakeExecs(async (peer) => {
    peers.push(peer)
    serveDaemon(peer)
    await once(peer, 'close')
    return 0
  })
  return { execs, peers, control: new ControlConnection(execs, 'x') }
}

describe('ControlConnection', () => {
  it('opens one connection for concurrent callers, with the command of the first', async () => {
    const { control, execs } = connectToFakeDaemon()
    const [one, other] = await Promise.all([control.connect(), control.connect({ command: ['sh'] })])
    expect(await one.workers()).toEqual(await other.workers())
    expect(execs.commands).toEqual([['buildctl', 'dial-stdio']])
    await control.close()
  })

  it('opens a new connection after the connection was lost', async () => {
    const { control, execs, peers } = connectToFakeDaemon()
    const client = await control.connect()
    await client.ping()
    peers[0]?.destroy()
    await client.ended
    expect(await (await control.connect()).workers()).toHaveLength(1)
    expect(execs.commands).toHaveLength(2)
    await control.close()
  })

  it('ends its process when it is closed, and rejects later calls', async () => {
    const { control, peers } = connectToFakeDaemon()
    await (await control.connect()).ping()
    await control.close()
    expect(peers[0]?.readableEnded || peers[0]?.destroyed).toBe(true)
    await expect(control.connect()).rejects.toMatchObject({ code: 'NOT_RUNNING' })
    await control.close()
  })

  it('continues to open the connection for other callers when one caller aborts', async () => {
    const { control } = connectToFakeDaemon()
    const controller = new AbortController()
    const [one, other] = [control.connect({ signal: controller.signal }), control.connect()]
    controller.abort('enough')
    await expect(one).rejects.toBe('enough')
    expect(await (await other).workers()).toHaveLength(1)
    await control.close()
  })

  it('rejects with the stderr of buildctl when the daemon does not listen', async () => {
    const execs = new FakeExecs(async (_, stderr) => {
      stderr.write('error: dial unix /run/buildkit/buildkitd.sock: connect: no such file or directory\n')
      return 1
    })
    const control = new ControlConnection(execs, 'x')
    await expect(control.connect().then((client) => client.workers())).rejects.toMatchObject({
      code: 'OPERATION_FAILED',
      facts: { reason: expect.stringMatching(/exit code 1: .*no such file or directory/) },
    })
    await control.close()
  })
})
