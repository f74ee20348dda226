import { describe, expect, it } from 'vitest'
import { Collector } from '../support/collect.js'
import { openCluster, until } from '../support/open-cluster.js'

describe('a job on a simulated cluster', () => {
  it('resolves with its exit code, its node and its task after all output, and leaves nothing', async () => {
    await using memory = await openCluster()
    const [stdout, stderr] = [new Collector(), new Collector()]
    const command = ['sh', '-c', 'echo one; echo two >&2; exit 5']
    const result = await memory.jobs.runJob({ image: 'busybox', command }, { stdout, stderr })
    const nodes = (await memory.swarm.listNodes()).map(({ id }) => id)
    expect(result).toEqual({ exitCode: 5, nodeId: expect.any(String), taskId: expect.any(String) })
    expect(nodes).toContain(result.nodeId)
    expect([stdout.text, stderr.text]).toEqual(['one\n', 'two\n'])
    expect(await memory.swarm.listServices()).toEqual([])
    expect(await memory.runtime.listContainers()).toEqual([])
  })

  it('runs on a node that meets its constraints, with a secret', async () => {
    await using memory = await openCluster({ nodes: [{}, {}, { labels: { gpu: 'yes' } }] })
    const secretId = await memory.swarm.createSecret('token', Buffer.from('s3cret'))
    const stdout = new Collector()
    const { nodeId } = await memory.jobs.runJob(
      {
        image: 'busybox',
        command: ['cat', '/token'],
        constraints: ['node.labels.gpu==yes'],
        secrets: [{ secretId, target: '/token' }],
      },
      { stdout },
    )
    expect(nodeId).toBe((await memory.swarm.listNodes())[2]?.id)
    expect(stdout.text).toBe('s3cret')
  })

  it('rejects with EXIT_CODE_UNKNOWN when its node is killed, and is not started again', async () => {
    await using memory = await openCluster()
    const stdout = new Collector()
    const command = ['sh', '-c', 'echo started; sleep 1000']
    const constraints = ['node.hostname==node-2']
    const running = memory.jobs.runJob({ image: 'busybox', command, constraints }, { stdout })
    const failed = expect(running).rejects.toMatchObject({
      code: 'EXIT_CODE_UNKNOWN',
      facts: { reason: 'the node is down' },
    })
    await stdout.until('started')
    expect(await memory.swarm.listServices()).toMatchObject([{ isJob: true, desired: 1 }])
    await memory.cluster.kill('node-2')
    await failed
    expect(stdout.text).toBe('started\n')
    expect(await memory.swarm.listServices()).toEqual([])
  })

  it('waits while no node is suitable, and says why', async () => {
    await using memory = await openCluster({ nodes: 1 })
    await memory.cluster.drain('node-1')
    const statuses: string[] = []
    const onProgress = ({ status }: { readonly status: string }) => void statuses.push(status)
    const running = memory.jobs.runJob({ image: 'busybox', command: ['exit', '0'] }, { onProgress })
    const reason = 'pending: no suitable node (1 node not available for new tasks)'
    await until(async () => statuses.includes(reason))
    await memory.cluster.activate('node-1')
    expect(await running).toMatchObject({ exitCode: 0 })
    expect(statuses.at(-1)).toBe('complete')
  })

  it('rejects for a missing image and a missing command', async () => {
    await using memory = await openCluster()
    await expect(memory.jobs.runJob({ image: 'absent' })).rejects.toMatchObject({ code: 'IMAGE_PULL_FAILED' })
    await expect(memory.jobs.runJob({ image: 'busybox', command: ['absent'] })).rejects.toMatchObject({
      code: 'COMMAND_NOT_STARTED',
      facts: { exitCode: 127 },
    })
    expect(await memory.swarm.listServices()).toEqual([])
  })

  it('is removed when it is aborted, with the reason', async () => {
    await using memory = await openCluster()
    const controller = new AbortController()
    const reason = new Error('enough')
    const stdout = new Collector()
    const command = ['sh', '-c', 'echo started; sleep 1000']
    const running = memory.jobs.runJob({ image: 'busybox', command }, { stdout, signal: controller.signal })
    const failed = expect(running).rejects.toBe(reason)
    await stdout.until('started')
    controller.abort(reason)
    await failed
    expect(await memory.swarm.listServices()).toEqual([])
  })
})
