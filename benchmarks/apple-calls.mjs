import { execFile } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { createRuntimeHost, execManagerCapability, requireCapabilities } from '@capstan/core'
import { applePlugin } from '@capstan/runtime-apple'
import { findSimulatorProblem } from '../packages/runtime-apple/test/simulator/set-up.mjs'
import { startSimulator } from '../packages/runtime-apple/test/simulator/start-simulator.mjs'
import { measurePairs, toElapsed } from './measure.mjs'

export const title = "Apple's command, simulated: create + start + wait + remove / create; start --attach; delete by sh"
export const target = 3
export const findProblem = findSimulatorProblem

/** Also lists the processes of the command that each operation starts. */
export async function run({ pairs }) {
  const simulator = await startSimulator()
  const plugin = { ...applePlugin({ command: simulator.command, platform: appleSilicon }), probeTimeoutMs: 20_000 }
  const host = createRuntimeHost({ plugins: [plugin], env: {} })
  try {
    const before = simulator.calls().length
    const scope = await host.open({ runtime: 'apple' })
    const probe = toRow('probe', simulator.calls().slice(before))
    const lines = [probe, ...(await countCalls(scope, simulator))]
    const result = await measurePairs({
      capstan: () => toElapsed(() => runOnRuntime(scope.runtime, simulator.image)),
      baseline: () => toElapsed(() => runBySh(simulator)),
      pairs,
    })
    return { ...result, lines }
  } finally {
    await host[Symbol.asyncDispose]()
    await simulator.close()
  }
}

async function runOnRuntime(runtime, image) {
  const id = await runtime.createContainer({ image, command: ['true'] })
  await runtime.startContainer(id)
  await runtime.waitContainer(id)
  await runtime.removeContainer(id)
}

/** Runs the commands that a user would type. */
async function runBySh({ command, image }) {
  const script = `id=$("$0" create "$1" true) && "$0" start --attach "$id" && "$0" delete --force "$id"`
  await promisify(execFile)('sh', ['-c', script, command, image])
}

async function countCalls(scope, { calls, image }) {
  const { runtime } = scope
  const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
  const rows = []
  const count = async (operation, work) => {
    const before = calls().length
    const result = await work()
    rows.push(toRow(operation, calls().slice(before)))
    return result
  }
  const id = await count('createContainer', () => runtime.createContainer({ image, command: ['sleep', '60'] }))
  await count('startContainer', () => runtime.startContainer(id))
  await count('containerState', () => runtime.containerState(id))
  await count('listContainers', () => runtime.listContainers())
  await count('exec', async () => {
    const { stdout, stderr, exitCode } = await execs.exec(id, ['true'])
    await Promise.all([text(stdout), text(stderr), exitCode])
  })
  await count('containerLogsAll', () => runtime.containerLogsAll(id))
  await count('stopContainer', () => runtime.stopContainer(id, { graceMs: 0 }))
  await count('waitContainer', () => runtime.waitContainer(id))
  await count('removeContainer', () => runtime.removeContainer(id))
  return rows
}

function toRow(operation, calls) {
  const commands = calls.map(({ argv }) =>
    argv
      .filter((word) => !word.startsWith('--'))
      .slice(0, words(argv))
      .join(' '),
  )
  const named = commands.map((command, at) => command || calls[at].argv[0])
  return `${operation.padEnd(18)}${calls.length}  ${named.join(', ')}`
}

const groups = new Set(['image', 'system', 'network', 'volume'])
const words = ([first]) => (groups.has(first) ? 2 : 1)
const appleSilicon = { os: 'darwin', arch: 'arm64' }
