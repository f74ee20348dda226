import {
  buildServiceCapability,
  type Capability,
  execManagerCapability,
  firewallManagerCapability,
  imageBuilderCapability,
  imageTransferCapability,
  networkManagerCapability,
  type Runtime,
  runtimeCapability,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { expectAnyHostError, expectHostError } from '../assert/expect-rejection.js'
import { eventually, pause, within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { connectBuildKit, openBuildSession } from '../steps/build-service.js'
import { collectBytes } from '../steps/collect.js'
import { createContainer, startContainer, startReady } from '../steps/containers.js'
import { inBackground } from '../steps/in-background.js'
import { readLogs, toLogText, untilLogged } from '../steps/logs.js'

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
      title: 'after close every runtime method that sends a request rejects with RUNTIME_UNAVAILABLE and a report',
      run: async (context) => {
        const id = await createContainer(context, { command: context.programs.exit(0) })
        const { runtime } = await context.open()
        await runtime.close()
        await expectAllClosed(runtime.type, toRuntimeCalls(context, runtime, id))
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
      title: 'closing one host does not end the streams of another host',
      run: async (context) => {
        const other = await context.open()
        const id = await startContainer(context, { command: context.programs.printTwice('first', 'second') })
        const reading = inBackground(readLogs(await context.runtime.containerLogs(id, { follow: true })))
        await pause(100)
        await other[Symbol.asyncDispose]()
        expectEqual(toLogText(await reading.result), 'first\nsecond\n', 'the log')
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
  ...closed('CLS-009', networkManagerCapability, (networks, name) => ({
    createNetwork: () => networks.createNetwork(name),
    removeNetwork: () => networks.removeNetwork(name),
    listNetworks: () => networks.listNetworks(),
    inspectNetwork: () => networks.inspectNetwork(name),
  })),
  ...closed('CLS-010', sidecarManagerCapability, (sidecars, name, { image }) => ({
    startSidecar: () => sidecars.startSidecar({ image, name }),
    inspectContainer: () => sidecars.inspectContainer(name),
  })),
  ...closed('CLS-011', execManagerCapability, (exec, name) => ({ exec: () => exec.exec(name, ['true']) })),
  ...defineCases(execManagerCapability, {
    'CLS-012': {
      title: 'close makes exitCode of exec reject, and never resolve with 0',
      run: async (context) => {
        const id = await startContainer(context, { command: context.programs.sleep(60) })
        const other = await context.open()
        const process = await context.require(execManagerCapability, other).exec(id, context.programs.cat())
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
  ...closed('CLS-013', volumeManagerCapability, (volumes, name) => ({
    createVolume: () => volumes.createVolume(name),
    removeVolume: () => volumes.removeVolume(name),
    listVolumes: () => volumes.listVolumes(),
  })),
  ...closed('CLS-014', imageTransferCapability, (transfer, _name, { image }) => ({
    pullImage: () => transfer.pullImage('127.0.0.1:1/conformance/absent:1'),
    pushImage: () => transfer.pushImage('127.0.0.1:1/conformance/absent:1'),
    loadImages: () => transfer.loadImages(emptyArchive()),
    saveImage: () => transfer.saveImage(image),
    saveImages: () => transfer.saveImages([image]),
  })),
  ...closed('CLS-015', imageBuilderCapability, (builder, name, { image }) => ({
    buildImage: () => builder.buildImage(`FROM ${image}\n`, `${name}:1`),
  })),
  ...closed('CLS-016', firewallManagerCapability, (firewalls, name) => ({
    setupFirewall: () => firewalls.setupFirewall(name, { proxyHost: '127.0.0.1', proxyPort: 3128 }),
  })),
  ...closed('CLS-017', buildServiceCapability, (service) => ({
    connect: () => service.connect(),
    openSession: () => service.openSession({}),
  })),
  ...defineCases(buildServiceCapability, {
    'CLS-018': {
      title: 'close destroys the connections to BuildKit with RUNTIME_UNAVAILABLE or CONNECTION_LOST',
      run: async (context) => {
        const other = await context.open()
        const connection = await connectBuildKit(context, {}, other)
        await expectEnds(other.runtime, async () => {
          await new Promise((resolve) => connection.once('close', resolve))
          throw connection.errored
        })
      },
    },
    'CLS-019': {
      title: 'close destroys the sessions of BuildKit with RUNTIME_UNAVAILABLE or CONNECTION_LOST',
      run: async (context) => {
        const other = await context.open()
        const connection = await openBuildSession(context, {}, other)
        if (connection === undefined) return
        await expectEnds(other.runtime, async () => {
          await new Promise((resolve) => connection.once('close', resolve))
          throw connection.errored
        })
      },
    },
  }),
  ...defineCases(runtimeCapability, {
    'CLS-020': {
      title: 'close ends startAttached and does not stop the container that it has started',
      run: async (context) => {
        const other = await context.open()
        const id = await createContainer(context, { command: context.programs.echoThenSleep('started') }, other.runtime)
        const stdout = collectBytes()
        const running = inBackground(other.runtime.startAttached(id, { stdout: stdout.stream }))
        await eventually('the first output', () => stdout.text().includes('started') || undefined)
        await within(5000, 'the end of close', other.runtime.close())
        await expectAnyHostError(
          () => within(5000, 'the end of startAttached', running.result),
          ['RUNTIME_UNAVAILABLE', 'CONNECTION_LOST'],
        )
        expectEqual(await context.runtime.containerState(id), 'running', 'the state')
      },
    },
  }),
]

type Call = () => Promise<unknown>
type Calls = Readonly<Record<string, Call>>

/** Every method of the manager rejects after `close`. `toCalls` gets a unique name. */
function closed<T extends object>(
  id: string,
  capability: Capability<T>,
  toCalls: (manager: T, name: string, context: CaseContext) => Calls,
): readonly ConformanceCase[] {
  return defineCases(capability, {
    [id]: {
      title: `after close every method of ${capability.title} rejects with RUNTIME_UNAVAILABLE and a report`,
      run: async (context) => {
        const calls = toCalls(context.require(capability), context.uniqueName('closed'), context)
        await context.runtime.close()
        await expectAllClosed(context.runtime.type, calls)
      },
    },
  })
}

async function expectAllClosed(runtimeName: string, calls: Calls): Promise<void> {
  for (const [method, call] of Object.entries(calls)) {
    await expectClosed(runtimeName, call).catch((error: unknown) => {
      expect(false, `${method} to reject with RUNTIME_UNAVAILABLE`, error)
    })
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

/** Returns a call of each method that sends a request to the engine. */
function toRuntimeCalls(
  { image, programs }: CaseContext,
  runtime: Runtime,
  id: string,
): Readonly<Record<Exclude<keyof Runtime, 'type' | 'portHost' | 'supportsHostNetwork' | 'close'>, Call>> {
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
  const ending = () => within(5000, 'the end of the pending call', running.result)
  await expectAnyHostError(ending, ['RUNTIME_UNAVAILABLE', 'CONNECTION_LOST'])
}

async function* emptyArchive(): AsyncGenerator<Uint8Array> {}
