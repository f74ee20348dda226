import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type OperationOptions, toReachableHost } from '@capstan/core'
import type { Argv, PortBinding } from '@capstan/core/plugin'
import { expectEqual } from '../assert/expect.js'
import { eventually } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { collectBytes } from './collect.js'
import { runAttached, startContainer } from './containers.js'
import { createDirectory } from './directories.js'
import { findFreePort, isElsewhere, listenOnHost, readFromPort } from './host-ports.js'

/**
 * Listens on a free port of 127.0.0.1 of the engine's machine until the case ends, and sends the line to each client: in this process,
 * or by a container if the engine is on another machine.
 */
export async function listenOnEngine(context: CaseContext, line = ''): Promise<number> {
  if (!isElsewhere(context)) return await listenOnHost(context, { line })
  const { programs } = context
  const id = await startContainer(context, { ports: [{ containerPort: 8080 }], command: programs.listen(8080, line) })
  return await untilPublished(context, id, 8080)
}

/** Finds a port of the engine's machine that is free now; another program may take it before the case does. */
export async function findFreeEnginePort(context: CaseContext): Promise<number> {
  if (!isElsewhere(context)) return await findFreePort()
  const { programs, runtime, signal } = context
  const id = await startContainer(context, { ports: [{ containerPort: 8080 }], command: programs.sleep(60) })
  const port = await untilPublished(context, id, 8080)
  await runtime.removeContainer(id, { signal })
  return port
}

/** Waits until the container has a binding of the port, and resolves with its host port. */
export async function untilPublished({ runtime, signal }: CaseContext, id: string, port: number): Promise<number> {
  return await eventually(`a binding of port ${port}`, async () =>
    (await runtime.getPortBindings(id, { signal })).get(port),
  )
}

/**
 * Fails unless a published port sends the line. Connects from this process, or from a container in the network of the engine's machine
 * if only that reaches the port. Without such containers the case is absent.
 */
export async function expectServed(
  context: CaseContext,
  { hostAddress = '127.0.0.1', hostPort }: Partial<Pick<PortBinding, 'hostAddress'>> & Pick<PortBinding, 'hostPort'>,
  line: string,
): Promise<void> {
  const host = toReachableHost({ hostAddress }, context.runtime)
  if (host === undefined && !context.runtime.supportsHostNetwork()) {
    context.reportAbsent('portHost', `neither this machine nor a container reaches port ${hostPort} on ${hostAddress}`)
    return
  }
  const address = host ?? (hostAddress === '0.0.0.0' ? '127.0.0.1' : hostAddress)
  const connect = async () => {
    if (host !== undefined) return await readFromPort(hostPort, host)
    const command = context.programs.connect(address, hostPort)
    return (await runAttached(context, { network: { mode: 'host' }, command })).stdout
  }
  const answer = await eventually(
    `an answer of port ${hostPort} of ${address}`,
    async () => (await connect()) || undefined,
  )
  expectEqual(answer.trim(), line, `the data received from port ${hostPort}`)
}

/** A directory of the engine's machine that is removed after the case, as the source of bind mounts. */
export interface EngineDirectory {
  readonly path: string
  /** Writes a line to a file. */
  write(name: string, line: string): Promise<void>
  read(name: string): Promise<string>
  list(): Promise<readonly string[]>
}

/** Creates a directory of the engine's machine: below `/tmp`, by containers, if that is another machine. */
export async function createEngineDirectory(context: CaseContext): Promise<EngineDirectory> {
  if (isElsewhere(context)) return await createByContainers(context)
  const path = await createDirectory(context)
  return {
    path,
    write: (name, line) => writeFile(join(path, name), `${line}\n`),
    read: (name) => readFile(join(path, name), 'utf8'),
    list: () => readdir(path),
  }
}

async function createByContainers(context: CaseContext): Promise<EngineDirectory> {
  const { programs } = context
  const name = context.uniqueName('directory')
  const path = `/machine/${name}`
  context.defer(path, async (own) => void (await runOnMachine(context, programs.removeDirectory(path), own)))
  await runOnMachine(context, programs.makeDirectory(path))
  return {
    path: `/tmp/${name}`,
    write: async (file, line) => void (await runOnMachine(context, programs.write(`${path}/${file}`, line))),
    read: (file) => runOnMachine(context, programs.read(`${path}/${file}`)),
    list: async () =>
      (await runOnMachine(context, programs.listDirectory(path))).split('\n').filter((line) => line !== ''),
  }
}

/** Runs a command in a container that has `/tmp` of the engine's machine at `/machine`. Fails unless it exits with 0. */
async function runOnMachine(
  { runtime, image, signal }: CaseContext,
  command: Argv,
  options: OperationOptions = { signal },
): Promise<string> {
  const mounts = [{ type: 'bind', source: '/tmp', target: '/machine' }] as const
  const id = await runtime.createContainer({ image, mounts, command }, options)
  try {
    const output = collectBytes()
    const exitCode = await runtime.startAttached(id, { stdout: output.stream, stderr: output.stream, ...options })
    expectEqual(
      { exitCode, output: output.text() },
      { exitCode: 0, output: output.text() },
      `the command ${command.join(' ')}`,
    )
    return output.text()
  } finally {
    await runtime.removeContainer(id)
  }
}
