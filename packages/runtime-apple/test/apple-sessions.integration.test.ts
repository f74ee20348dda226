import { readdirSync, readFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import {
  containerControlCapability,
  execManagerCapability,
  imageTransferCapability,
  type Runtime,
  requireCapabilities,
} from '@capstan/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AppleRuntime } from '../src/apple-runtime.js'
import { describeWithSimulator } from './simulator/describe-with-simulator.js'
import { type OpenApple, openApple } from './simulator/open-apple.js'
import { releases, type Simulator, startSimulator } from './simulator/start-simulator.mjs'
import { useSimulator } from './simulator/use-simulator.js'

let simulator: Simulator
let opened: OpenApple
let runtime: Runtime
let image: string

async function start(...command: readonly string[]): Promise<string> {
  const id = await runtime.createContainer({ image, command })
  await runtime.startContainer(id)
  return id
}

async function readLogs(reader: Runtime, id: string, options = {}): Promise<string> {
  let read = ''
  for await (const { bytes } of await reader.containerLogs(id, options)) read += Buffer.from(bytes).toString()
  return read
}

describeWithSimulator('an Apple runtime', () => {
  beforeAll(async () => {
    simulator = await startSimulator()
    opened = await openApple(simulator, { networks: 'if-available' })
    runtime = opened.scope.runtime
    image = simulator.image
  })
  afterAll(async () => {
    await opened[Symbol.asyncDispose]()
    await simulator.close()
  })

  it('fails an unread saved archive with RUNTIME_UNAVAILABLE when the runtime is closed', async () => {
    const other = await openApple(simulator)
    const { transfer } = requireCapabilities(other.scope, { transfer: imageTransferCapability })
    const saved = await transfer.saveImage(image)
    const closed = new Promise((resolve) => saved.on('close', resolve))
    await other[Symbol.asyncDispose]()
    await closed
    await expect(text(saved)).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  })

  it('ends the sessions at close, which keeps the containers running and their exit codes unknown', async () => {
    const first = await openApple(simulator)
    const id = await first.scope.runtime.createContainer({ image, command: ['sleep', '60'] })
    await first.scope.runtime.startContainer(id)
    await first[Symbol.asyncDispose]()
    expect(await runtime.containerState(id)).toBe('running')
    await expect(runtime.waitContainer(id)).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'foreignContainers.exitCode' },
    })
    await runtime.stopContainer(id, { graceMs: 0 })
    await expect(runtime.waitContainer(id)).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN' })
    expect(await runtime.containerState(id)).toBe('exited')
  })

  it('rejects an attach to a container of another process with NOT_ATTACHABLE and the reason of the report', async () => {
    const id = await start('sleep', '60')
    await using other = await openApple(simulator)
    await expect(other.scope.runtime.attach(id, { stdout: new PassThrough() })).rejects.toMatchObject({
      code: 'NOT_ATTACHABLE',
      facts: { id, reason: 'only the process that started the container receives its output' },
    })
    await runtime.removeContainer(id)
  })

  it('stops a container of another process with the stop signal of its config', async () => {
    const command = ['sh', '-c', "trap 'exit 5' INT; trap '' TERM; echo ready; while :; do sleep 0.05; done"]
    const id = await runtime.createContainer({ image, command, stopSignal: 'SIGINT' })
    await runtime.startContainer(id)
    for await (const { bytes } of await runtime.containerLogs(id, { follow: true })) if (bytes.length > 0) break
    await using other = await openApple(simulator)
    await other.scope.runtime.stopContainer(id, { graceMs: 30_000 })
    expect(await runtime.waitContainer(id)).toBe(5)
    await runtime.removeContainer(id)
  })

  it('lists a process without arguments by its whole name', async () => {
    const id = await start('sh', '-c', '(printf "two words" > /proc/self/comm) & exec sleep 60')
    const { control } = requireCapabilities(opened.scope, { control: containerControlCapability })
    const listCommands = async () => (await control.listProcesses(id)).map(({ command }) => command).toSorted()
    // A process that has ended and for which its parent does not wait has no arguments.
    await expect.poll(listCommands).toEqual(['[two words]', 'sleep 60'])
    await runtime.removeContainer(id)
  })

  it('rejects an unknown stop signal with INVALID_ARGUMENT and creates nothing', async () => {
    const before = await runtime.listContainers()
    await expect(runtime.createContainer({ image, stopSignal: 'SIGNONE' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      facts: { field: 'stopSignal' },
    })
    expect(await runtime.listContainers()).toEqual(before)
  })

  it('attaches without options', async () => {
    const id = await runtime.createContainer({ image, command: ['sh', '-c', 'echo unheard; exit 4'] })
    expect(await (runtime as AppleRuntime).startAttached(id)).toBe(4)
    await expect((runtime as AppleRuntime).attach(id)).rejects.toMatchObject({ code: 'NOT_RUNNING' })
    await runtime.removeContainer(id)
  })

  it.each([
    ['a path of a volume mount cannot contain', { type: 'volume', source: 'data', target: '/a:b' }],
    ['the paths of a bind mount cannot contain both', { type: 'bind', source: '/a:b,c', target: '/d' }],
    ['the path of a tmpfs mount cannot contain', { type: 'tmpfs', target: '/a=b', executable: true }],
  ] as const)('rejects with OPTION_UNSUPPORTED when %s its characters', async (reason, mount) => {
    await expect(runtime.createContainer({ image, mounts: [mount] })).rejects.toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      facts: { field: 'mounts', reason: expect.stringContaining(reason) },
    })
  })

  it('runs one process of the command for each running container, and ends it with the container', async () => {
    const count = () => simulator.calls().filter(({ argv }) => argv[0] === 'start').length
    const before = count()
    const ids = await Promise.all(Array.from({ length: 5 }, () => start('sleep', '60')))
    expect(count() - before).toBe(5)
    await Promise.all(ids.map((id) => runtime.removeContainer(id)))
    expect(await findChildren()).toEqual([])
  })

  it('keeps the container running when its session is killed, and rejects the wait with EXIT_CODE_UNKNOWN', async () => {
    const id = await start('sleep', '60')
    const waiting = runtime.waitContainer(id)
    waiting.catch(() => {})
    for (const number of findAttached(id)) process.kill(number, 'SIGKILL')
    await expect(waiting).rejects.toMatchObject({ code: 'EXIT_CODE_UNKNOWN', facts: { id } })
    expect(await runtime.containerState(id)).toBe('running')
    await runtime.removeContainer(id)
  })

  it('returns the exit codes of 64 parallel containers, and ends all processes and closes all descriptors', async () => {
    const run = async (code: number) => {
      const id = await runtime.createContainer({ image, command: ['sh', '-c', `echo ${code}; exit ${code}`] })
      await runtime.startContainer(id)
      const exitCode = await runtime.waitContainer(id)
      const log = await readLogs(runtime, id)
      await runtime.removeContainer(id)
      return { exitCode, log }
    }
    await run(0) // What is loaded once stays open.
    const descriptors = countDescriptors()
    const codes = Array.from({ length: 64 }, (_, code) => code)
    const results = await Promise.all(codes.map(run))
    expect(results).toEqual(codes.map((code) => ({ exitCode: code, log: `${code}\n` })))
    expect((await simulator.control({})).pids).toEqual([])
    await expect.poll(findChildren).toEqual([])
    await expect.poll(countDescriptors).toBeLessThanOrEqual(descriptors)
  }, 120_000)

  it('ends the log that another process follows when the container ends', async () => {
    await using other = await openApple(simulator)
    const id = await start('sh', '-c', 'echo first; sleep 0.5; echo second')
    expect(await readLogs(other.scope.runtime, id, { follow: true })).toBe('first\nsecond\n')
    expect(await readLogs(other.scope.runtime, id)).toBe('first\nsecond\n')
    expect(await readLogs(other.scope.runtime, id, { tailLines: 1 })).toBe('second\n')
  })

  it('reads the log from the service when output of the session was dropped', async () => {
    const id = await start('sh', '-c', 'yes 0123456789abcde | head -c 6291456')
    expect(await runtime.waitContainer(id)).toBe(0)
    expect(await runtime.containerLogsAll(id)).toHaveLength(6_291_456)
    await runtime.removeContainer(id)
  })

  it('reports the state `unknown` in another process after a restart of the service', async () => {
    const id = await start('true')
    await runtime.waitContainer(id)
    await simulator.control({ restart: true })
    await using other = await openApple(simulator)
    expect(await other.scope.runtime.containerState(id)).toBe('unknown')
    expect(await runtime.containerState(id)).toBe('exited')
    await runtime.removeContainer(id)
  })

  it('kills the process in the container when its exec is aborted', async () => {
    const id = await start('sleep', '60')
    const { execs } = requireCapabilities(opened.scope, { execs: execManagerCapability })
    const controller = new AbortController()
    const process = await execs.exec(id, ['sleep', '45'], { signal: controller.signal })
    for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {}).resume()
    const listing = async () => {
      const listed = await execs.exec(id, ['ps'])
      listed.stderr.resume()
      return await text(listed.stdout)
    }
    await expect.poll(listing).toContain('sleep 45')
    const reason = new Error('enough')
    controller.abort(reason)
    await expect(process.exitCode).rejects.toBe(reason)
    await expect.poll(listing).not.toContain('sleep 45')
    await runtime.removeContainer(id)
  })

  it('finds the host address by a running container on macOS 15, and resolves with undefined while none runs', async () => {
    const older = await useSimulator({ release: releases['1.2 on macOS 15'] })
    await using apple = await openApple(older)
    const onOlder = apple.scope.runtime
    expect(await onOlder.getHostAddress()).toBeUndefined()
    const id = await onOlder.createContainer({ image: older.image, command: ['sleep', '60'] })
    await onOlder.startContainer(id)
    expect(await onOlder.getHostAddress()).toBe('192.168.64.1')
    await expect(onOlder.getHostAddress({ networkId: 'other' })).rejects.toMatchObject({ code: 'NETWORK_NOT_FOUND' })
    await onOlder.removeContainer(id)
  })

  it('runs the program at a terminal of the requested size', async () => {
    const id = await runtime.createContainer({ image, tty: true, command: ['sh', '-c', 'sleep 0.2; tty; stty size'] })
    const stdout = new PassThrough()
    const code = await runtime.startAttached(id, { stdout, initialSize: { height: 31, width: 101 } })
    stdout.end()
    expect([code, await text(stdout)]).toEqual([0, expect.stringContaining('31 101')])
  })
})

/** The processes of the command that are attached to this container. */
function findAttached(id: string): readonly number[] {
  const numbers = listChildren().filter((number) => readCommand(number).includes(`start --attach ${id}`))
  if (numbers.length === 0) throw new Error('no process is attached to it')
  return numbers.map(Number)
}

/** The child processes that run the command, and zombies. The server of the simulator is not included. */
async function findChildren(): Promise<readonly string[]> {
  await pause(50)
  const states = listChildren().map(readCommand)
  return states.filter((command) => command === 'zombie' || command.includes(simulator.command))
}

function listChildren(): readonly string[] {
  const numbers = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
  return numbers.split(' ').filter((number) => number.trim() !== '')
}

function readCommand(number: string): string {
  try {
    if (/\) Z /.test(readFileSync(`/proc/${number}/stat`, 'utf8'))) return 'zombie'
    return readFileSync(`/proc/${number}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return '' // The process has ended meanwhile.
  }
}

function countDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}
