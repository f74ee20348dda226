import type { ServiceLogChunk, ServiceLogStream, SwarmManager } from '@capstan/core'
import { describe, expect, it } from 'vitest'
import { openCluster, sleeping, until } from '../support/open-cluster.js'

const command = ['sh', '-c', 'echo out; echo err >&2; echo last; sleep 1000']

describe('serviceLogs', () => {
  it('has the output of the tasks on all nodes, ordered by time, with task and node', async () => {
    await using memory = await openCluster()
    const id = await memory.swarm.createService(sleeping({ command }))
    await untilPrinted(memory.swarm, id, 9)
    const chunks = await readAll(await memory.swarm.serviceLogs(id, { timestamps: true }))
    const times = chunks.map(({ timestamp = '' }) => timestamp)
    expect(times).toEqual([...times].sort())
    const tasks = await memory.swarm.listTasks(id)
    for (const { id: taskId, nodeId } of tasks) {
      const own = chunks.filter((chunk) => chunk.taskId === taskId)
      expect(own.map(({ source, bytes }) => [source, Buffer.from(bytes).toString()])).toEqual([
        ['stdout', 'out\n'],
        ['stderr', 'err\n'],
        ['stdout', 'last\n'],
      ])
      expect(new Set(own.map((chunk) => chunk.nodeId))).toEqual(new Set([nodeId]))
    }
    expect(chunks).toHaveLength(9)
  })

  it('counts `tailLines` for each task, and has no time without `timestamps`', async () => {
    await using memory = await openCluster()
    const id = await memory.swarm.createService(sleeping({ command }))
    await untilPrinted(memory.swarm, id, 9)
    const chunks = await readAll(await memory.swarm.serviceLogs(id, { tailLines: 1 }))
    expect(chunks.map(({ bytes, timestamp }) => [Buffer.from(bytes).toString(), timestamp])).toEqual([
      ['last\n', undefined],
      ['last\n', undefined],
      ['last\n', undefined],
    ])
  })

  it('follows new tasks until the service is removed', async () => {
    await using memory = await openCluster()
    const id = await memory.swarm.createService(sleeping({ replicas: 1, command: ['sh', '-c', 'echo up; sleep 1000'] }))
    await using logs = await memory.swarm.serviceLogs(id, { follow: true })
    const seen: string[] = []
    const reading = (async () => {
      for await (const { bytes } of logs) seen.push(Buffer.from(bytes).toString())
    })()
    await until(async () => seen.length === 1)
    await memory.swarm.updateService(id, { replicas: 2 })
    await until(async () => seen.length === 2)
    await memory.swarm.removeService(id)
    await reading
    expect(seen).toEqual(['up\n', 'up\n'])
  })

  it('ends a follow when it is disposed, and rejects with the reason of an abort', async () => {
    await using memory = await openCluster()
    const id = await memory.swarm.createService(sleeping())
    const logs = await memory.swarm.serviceLogs(id, { follow: true })
    const reading = readAll(logs)
    await logs[Symbol.asyncDispose]()
    expect(await reading).toEqual([])
    const controller = new AbortController()
    const reason = new Error('enough')
    const aborted = readAll(await memory.swarm.serviceLogs(id, { follow: true, signal: controller.signal }))
    controller.abort(reason)
    await expect(aborted).rejects.toBe(reason)
  })

  it('has no output of a killed node, and rejects for an unknown service', async () => {
    await using memory = await openCluster()
    const id = await memory.swarm.createService(
      sleeping({ replicas: 1, command, constraints: ['node.hostname==node-2'] }),
    )
    await memory.cluster.kill('node-2')
    expect(await readAll(await memory.swarm.serviceLogs(id))).toEqual([])
    const unknown = await memory.swarm.serviceLogs('none')
    await expect(readAll(unknown)).rejects.toMatchObject({ code: 'SERVICE_NOT_FOUND' })
  })
})

/** Waits until the tasks of the service have printed so many lines. */
async function untilPrinted(swarm: SwarmManager, id: string, count: number): Promise<void> {
  await until(async () => (await readAll(await swarm.serviceLogs(id))).length === count)
}

async function readAll(stream: ServiceLogStream): Promise<readonly ServiceLogChunk[]> {
  const chunks: ServiceLogChunk[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}
