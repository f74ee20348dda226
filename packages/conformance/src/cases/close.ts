import {
  execManagerCapability,
  findCapability,
  firewallManagerCapability,
  imageBuilderCapability,
  imageTransferCapability,
  networkManagerCapability,
  type Runtime,
  runtimeCapability,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { expect, expectDefined, expectEqual } from '../assert/expect.js'
import { expectAnyHostError, expectHostError } from '../assert/expect-rejection.js'
import { pause, within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { collectBytes } from '../steps/collect.js'
import { createContainer, startContainer, startReady } from '../steps/containers.js'
import { inBackground } from '../steps/in-background.js'
import { readLogs, untilLogged } from '../steps/logs.js'

export const closeCases: readonly ConformanceCase[] = [
  ...defineCases(runtimeCapability, {
    'CLS-001': {
      title: 'close can be repeated, and two concurrent calls both resolve',
      run: async (context) => {
        const { runtime } = await context.open()
        await Promise.all([runtime.close(), runtime.close()])
        await within(5000, 'the end of the third close', runtime.close())
      },
    },
    'CLS-002': {
      title: 'after close every method of the runtime rejects with RUNTIME_UNAVAILABLE and a report',
      run: async (context) => {
        const id = await createContainer(context, { command: context.programs.exit(0) })
        const { runtime } = await context.open()
        await runtime.close()
        for (const [method, call] of Object.entries(toCalls(context, runtime, id))) {
          await named(method, () => expectClosed(runtime.type, call))
        }
        expectEqual(await context.runtime.containerState(id), 'created', 'the state')
      },
    },
    'CLS-003': {
      title: 'close stops no container',
      run: async (context) => {
        const other = await context.open()
        const id = await startContainer(context, { command: context.programs.sleep(60) }, other.runtime)
        await other.runtime.close()
        expectEqual(await context.runtime.containerState(id), 'running', 'the state')
      },
    },
    'CLS-004': {
      title: 'close makes waitContainer reject with RUNTIME_UNAVAILABLE or CONNECTION_LOST',
      run: async (context) => {
        const { runtime } = await context.open()
        const id = await startContainer(context, { command: context.programs.sleep(60) }, runtime)
        await expectEnds(runtime, () => runtime.waitContainer(id))
      },
    },
    'CLS-005': {
      title: 'close makes a followed log fail instead of ending as if it were complete',
      run: async (context) => {
        const id = await startReady(context, { command: context.programs.echoThenSleep('one') }, 'one')
        const { runtime } = await context.open()
        await expectEnds(runtime, async () => await readLogs(await runtime.containerLogs(id, { follow: true })))
      },
    },
    'CLS-006': {
      title: 'close ends an attached session',
      run: async (context) => {
        const { runtime } = await context.open()
        const id = await startContainer(context, { command: context.programs.sleep(60) }, runtime)
        await expectEnds(runtime, () => runtime.attach(id, { stdout: collectBytes().stream }))
      },
    },
    'CLS-007': {
      title: 'closing one host keeps the streams of another host complete',
      run: async (context) => {
        const other = await context.open()
        const id = await startContainer(context, { command: context.programs.pause('first', 'second') })
        const reading = inBackground(readLogs(await context.runtime.containerLogs(id, { follow: true })))
        await pause(100)
        await other[Symbol.asyncDispose]()
        const text = Buffer.concat((await reading.result).map(({ bytes }) => bytes)).toString('utf8')
        expectEqual(text, 'first\nsecond\n', 'the log')
      },
    },
    'CLS-008': {
      title: 'close resolves in time while calls are pending',
      run: async (context) => {
        const { runtime } = await context.open()
        const id = await startContainer(context, { command: context.programs.ignoreSigterm() }, runtime)
        await untilLogged(context, id, 'ready')
        const stopping = inBackground(runtime.stopContainer(id, { graceMs: 60_000 }))
        const waiting = inBackground(runtime.waitContainer(id))
        await pause(100)
        await within(5000, 'the end of close', runtime.close())
        const settled = Promise.allSettled([stopping.result, waiting.result])
        await within(5000, 'the end of the calls', settled)
      },
    },
  }),
  ...defineCases(networkManagerCapability, {
    'CLS-009': closed('networks', (context) => {
      const networks = context.require(networkManagerCapability)
      return {
        createNetwork: () => networks.createNetwork(context.uniqueName('closed')),
        removeNetwork: () => networks.removeNetwork(context.uniqueName('closed')),
        listNetworks: () => networks.listNetworks(),
      }
    }),
  }),
  ...defineCases(sidecarManagerCapability, {
    'CLS-010': closed('sidecars', (context) => {
      const sidecars = context.require(sidecarManagerCapability)
      return {
        startSidecar: () => sidecars.startSidecar({ image: context.image, name: context.uniqueName('closed') }),
        inspectContainer: () => sidecars.inspectContainer(context.uniqueName('closed')),
      }
    }),
  }),
  ...defineCases(execManagerCapability, {
    'CLS-011': closed('exec', (context) => {
      const exec = context.require(execManagerCapability)
      return { exec: () => exec.exec(context.uniqueName('closed'), ['true']) }
    }),
    'CLS-012': {
      title: 'close makes exitCode of exec reject, and never resolve with 0',
      run: async (context) => {
        const id = await startContainer(context, { command: context.programs.sleep(60) })
        const other = await context.open()
        const exec = findCapability(other, execManagerCapability)
        const process = expectDefined(await exec?.exec(id, context.programs.cat()), 'exec in the other scope')
        for (const stream of [process.stdin, process.stdout, process.stderr]) stream.on('error', () => {})
        const exitCode = inBackground(process.exitCode)
        process.stdout.resume()
        process.stderr.resume()
        const rejecting = () => within(5000, 'the end of the process', exitCode.result)
        await other.runtime.close()
        await expectAnyHostError(rejecting, ['RUNTIME_UNAVAILABLE', 'CONNECTION_LOST', 'EXIT_CODE_UNKNOWN'])
      },
    },
  }),
  ...defineCases(volumeManagerCapability, {
    'CLS-013': closed('volumes', (context) => {
      const volumes = context.require(volumeManagerCapability)
      return {
        createVolume: () => volumes.createVolume(context.uniqueName('closed')),
        removeVolume: () => volumes.removeVolume(context.uniqueName('closed')),
        listVolumes: () => volumes.listVolumes(),
      }
    }),
  }),
  ...defineCases(imageTransferCapability, {
    'CLS-014': closed('image transfer', (context) => {
      const transfer = context.require(imageTransferCapability)
      return {
        pullImage: () => transfer.pullImage('127.0.0.1:1/conformance/absent:1'),
        loadImages: () => transfer.loadImages(nothing()),
        saveImage: () => transfer.saveImage(context.image),
      }
    }),
  }),
  ...defineCases(imageBuilderCapability, {
    'CLS-015': closed('image builds', (context) => {
      const builder = context.require(imageBuilderCapability)
      return { buildImage: () => builder.buildImage(`FROM ${context.image}\n`, 'conformance-closed:1') }
    }),
  }),
  ...defineCases(firewallManagerCapability, {
    'CLS-016': closed('egress firewalls', (context) => {
      const firewalls = context.require(firewallManagerCapability)
      const rules = { proxyHost: '127.0.0.1', proxyPort: 3128 }
      return { setupFirewall: () => firewalls.setupFirewall(context.uniqueName('closed'), rules) }
    }),
  }),
]

type Call = () => Promise<unknown>
type Calls = Readonly<Record<string, Call>>

function closed(title: string, toManagerCalls: (context: CaseContext) => Calls): CaseDefinition {
  return {
    title: `after close every method of ${title} rejects with RUNTIME_UNAVAILABLE and a report`,
    run: async (context) => {
      const calls = toManagerCalls(context)
      const { runtime } = context
      await runtime.close()
      for (const [method, call] of Object.entries(calls)) {
        await named(method, () => expectClosed(runtime.type, call))
      }
    },
  }
}

/** Fails unless the error has one report, of this runtime, with an attempt CLOSED. */
async function expectClosed(runtimeName: string, call: Call): Promise<void> {
  const { facts } = await expectHostError('RUNTIME_UNAVAILABLE', call, { runtime: runtimeName })
  const seen = facts.reports.map(({ runtime, available, attempts }) => ({
    runtime,
    available,
    attempts: attempts.map(({ cause }) => cause.code),
  }))
  expectEqual(seen, [{ runtime: runtimeName, available: false, attempts: ['CLOSED'] }], 'the reports')
}

/** A call of each method that sends a request to the engine. */
function toCalls(
  { image, programs }: CaseContext,
  runtime: Runtime,
  id: string,
): Readonly<Record<Exclude<keyof Runtime, 'type' | 'supportsHostNetwork' | 'close'>, Call>> {
  const stdout = collectBytes().stream
  return {
    ping: () => runtime.ping(),
    createContainer: () => runtime.createContainer({ image, command: programs.exit(0) }),
    startContainer: () => runtime.startContainer(id),
    stopContainer: () => runtime.stopContainer(id),
    waitContainer: () => runtime.waitContainer(id),
    removeContainer: () => runtime.removeContainer(id),
    containerLogs: async () => await readLogs(await runtime.containerLogs(id)),
    containerLogsAll: () => runtime.containerLogsAll(id),
    containerState: () => runtime.containerState(id),
    inspectContainer: () => runtime.inspectContainer(id),
    imageExists: () => runtime.imageExists(image),
    getImageHomeDir: () => runtime.getImageHomeDir(image),
    listImages: () => runtime.listImages(),
    removeImage: () => runtime.removeImage('conformance-closed:1'),
    attach: () => runtime.attach(id, { stdout }),
    startAttached: () => runtime.startAttached(id, { stdout }),
    resizeTTY: () => runtime.resizeTTY(id, { height: 24, width: 80 }),
    getHostAddress: () => runtime.getHostAddress(),
    getPortBindings: () => runtime.getPortBindings(id),
    listContainers: () => runtime.listContainers(),
  }
}

/** Closes the runtime while the call is pending. Fails unless the call rejects soon with one of the codes of a closed runtime. */
async function expectEnds(runtime: Runtime, call: () => Promise<unknown>): Promise<void> {
  const running = inBackground(call())
  await pause(200)
  await within(5000, 'the end of close', runtime.close())
  const ending = () => within(5000, 'the end of what was under way', running.result)
  await expectAnyHostError(ending, ['RUNTIME_UNAVAILABLE', 'CONNECTION_LOST'])
}

/** Names the method in the failure. */
async function named(method: string, check: () => Promise<unknown>): Promise<void> {
  await check().catch((error: unknown) => {
    expect(false, `${method} to reject with RUNTIME_UNAVAILABLE`, error)
  })
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
