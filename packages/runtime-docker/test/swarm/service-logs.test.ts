import type { LogOptions, ServiceLogChunk } from '@capstan/core'
import { describe, expect, test } from 'vitest'
import { DockerSwarmManager } from '../../src/docker-swarm-manager.js'
import { type FakeHandler, startFakeEngine } from '../fake/fake-docker-engine.js'
import { FakeService } from '../fake/fake-service.js'
import { createRandom, frame, splitAtRandom } from '../fake/frames.js'
import { refusal, stream } from '../scripted-engine.js'

const time = '2026-01-02T03:04:05.000000001Z'

/** Returns the beginning of a line in the log of a service. */
function label(task: string, node = 'n1'): string {
  return `com.docker.swarm.node.id=${node},com.docker.swarm.service.id=s1,com.docker.swarm.task.id=${task} `
}

async function start(answer: FakeHandler) {
  const { fake, engine } = await startFakeEngine()
  const service = new FakeService(fake)
  fake.override('GET /services/s1/logs', answer)
  const open = (options?: LogOptions) => new DockerSwarmManager(engine).serviceLogs('web', options)
  return { fake, service, open }
}

/** Reads a log, with the successive chunks of one task and stream as one. */
async function read(log: AsyncIterable<ServiceLogChunk>, lines: string[] = []): Promise<readonly string[]> {
  let last = ''
  for await (const { taskId, nodeId, source, timestamp = '', bytes } of log) {
    const begin = [taskId, nodeId, source, timestamp].join(' ').trim()
    const text = Buffer.from(bytes).toString()
    if (begin === last) lines.push(`${lines.pop()}${text}`)
    else lines.push(`${begin}: ${text}`)
    last = begin
  }
  return lines
}

describe('serviceLogs', () => {
  test('gives the output of each task with its ids, wherever the chunks of the connection end', async () => {
    const log = [
      frame(1, `${label('t1')}one two=3,4\n`),
      frame(2, `${label('t2', 'n2')}oops\n`),
      frame(1, `${label('t1')}three\n`),
    ]
    const { fake, open } = await start(stream(splitAtRandom(Buffer.concat(log), createRandom(1), 9)))
    const expected = ['t1 n1 stdout: one two=3,4\n', 't2 n2 stderr: oops\n', 't1 n1 stdout: three\n']
    expect(await read(await open({ tailLines: 5 }))).toEqual(expected)
    const query = Object.fromEntries(fake.requests.at(-1)?.query ?? [])
    expect(query).toEqual({ follow: '0', stdout: '1', stderr: '1', timestamps: '0', details: '1', tail: '5' })
  })

  test('gives the time of each line with timestamps', async () => {
    const { open } = await start(stream([frame(1, `${time} ${label('t1')}one\n`)]))
    expect(await read(await open({ timestamps: true }))).toEqual([`t1 n1 stdout ${time}: one\n`])
  })

  test('ends a followed log when the service and its tasks are gone', async () => {
    const { service, open } = await start((reply) => {
      reply.open().write(frame(1, `${label('t1')}one\n`))
      service.isRemoved = true
    })
    expect(await read(await open({ follow: true }))).toEqual(['t1 n1 stdout: one\n'])
  })

  test('ends a followed log with the service also when an inspection fails before', async () => {
    const { fake, service, open } = await start(stream([frame(1, `${label('t1')}one\n`)], 'silence'))
    let inspections = 0
    fake.onRequest = ({ path }) => {
      if (path === '/services/s1') inspections += 1
      if (inspections === 1) fake.override('GET /services/s1', refusal(500, 'the swarm does not have a leader'))
      if (inspections < 2) return
      fake.override('GET /services/s1', refusal(404, 'service s1 not found'))
      service.isRemoved = true
    }
    expect(await read(await open({ follow: true }))).toEqual(['t1 n1 stdout: one\n'])
    expect(inspections).toBe(2)
  })

  test('ends a followed log when the service is removed before the request, and rejects without follow', async () => {
    const { open } = await start(refusal(404, 'service s1 not found'))
    expect(await read(await open({ follow: true }))).toEqual([])
    await expect(read(await open())).rejects.toMatchObject({ code: 'SERVICE_NOT_FOUND', facts: { id: 's1' } })
  })

  test('ends without an error when the engine reports that it has no output of a lost node', async () => {
    const lost = 'warning: incomplete log stream. some logs could not be retrieved: node n2 is not available'
    const { open } = await start(stream([frame(1, `${label('t1')}one\n`), frame(3, lost)]))
    expect(await read(await open())).toEqual(['t1 n1 stdout: one\n'])
  })

  test('gives the output before another error of the engine, and rejects with its text', async () => {
    const { open } = await start(stream([Buffer.concat([frame(1, `${label('t1')}one\n`), frame(3, 'disk failure')])]))
    const lines: string[] = []
    const facts = { operation: 'serviceLogs', subject: 'web', reason: 'disk failure' }
    await expect(read(await open(), lines)).rejects.toMatchObject({ code: 'OPERATION_FAILED', facts })
    expect(lines).toEqual(['t1 n1 stdout: one\n'])
  })

  test('rejects with CONNECTION_LOST when the connection breaks while the service exists', async () => {
    const { open } = await start(stream([frame(1, `${label('t1')}one\n`)], 'cut'))
    await expect(read(await open({ follow: true }))).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
  })
})
