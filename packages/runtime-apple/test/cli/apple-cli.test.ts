import { text } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { AppleCli } from '../../src/cli/apple-cli.js'

describe.skipIf(process.platform === 'win32')('AppleCli', () => {
  it('runs the command with the given environment and nothing of process.env', async () => {
    vi.stubEnv('OF_THIS_PROCESS', 'secret')
    onTestFinished(() => void vi.unstubAllEnvs())
    const cli = new AppleCli('/usr/bin/env', { GIVEN: 'by the host', UNSET: undefined })
    const { stdout } = await cli.run([], { operation: 'test', subject: 'env' })
    const session = await cli.open([], { stdin: false })
    expect([stdout.toString(), await text(session.stdout)]).toEqual(['GIVEN=by the host\n', 'GIVEN=by the host\n'])
  })

  it('does not start the command when the signal aborts while execa is loaded', async () => {
    const controller = new AbortController()
    const call = { operation: 'test', subject: 'sleep', signal: controller.signal }
    const running = new AppleCli('/bin/sleep', {}).run(['60'], call)
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(running).rejects.toBe(reason)
  })

  it('reports lines of stderr up to the first that the listener rejects, and kills the command', async () => {
    const lines: string[] = []
    const error = new Error('of the listener')
    const onLine = (line: string) => {
      lines.push(line)
      if (line === 'two') throw error
    }
    const script = 'printf "one\\r\\ntwo\\nthree\\nfour" >&2; exec sleep 60'
    const running = new AppleCli('/bin/sh', {}).run(['-c', script], { operation: 'test', subject: 'sh', onLine })
    await expect(running).rejects.toBe(error)
    expect(lines).toEqual(['one', 'two'])
  })

  it('reports the last line of stderr without a line end', async () => {
    const lines: string[] = []
    const call = { operation: 'test', subject: 'sh', onLine: (line: string) => void lines.push(line) }
    await new AppleCli('/bin/sh', {}).run(['-c', 'printf "one\\n\\nlast" >&2'], call)
    expect(lines).toEqual(['one', '', 'last'])
  })
})
