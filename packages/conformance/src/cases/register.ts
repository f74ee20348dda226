import {
  buildServiceCapability,
  type Capability,
  createRuntimeHost,
  execManagerCapability,
  fileTransferCapability,
  findCapability,
  firewallManagerCapability,
  imageBuilderCapability,
  imageManagerCapability,
  imageTransferCapability,
  networkManagerCapability,
  runtimeCapability,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import type { RegistrationScope } from '@capstan/core/plugin'
import { expect, expectDefined, expectEqual } from '../assert/expect.js'
import { pause } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { withParts } from '../plugin/map-provided.js'
import { type WatchedCall, watchIo } from '../plugin/watch-io.js'

export const registerCases: readonly ConformanceCase[] = defineCases(
  { capability: runtimeCapability, opensRuntime: false },
  {
    'REG-001': {
      title: 'register returns undefined, so it is synchronous',
      run: async (context) => {
        const { returned } = await watchRegister(context)
        expect(returned === undefined, 'register to return nothing', returned)
      },
    },
    'REG-002': {
      title: 'register starts no I/O itself and no asynchronous I/O later',
      run: async (context) => {
        const { started } = await watchRegister(context)
        expectEqual(started, [], 'the I/O that register started')
      },
    },
    'REG-003': {
      title: 'register provides exactly the capabilities that the probe lists',
      run: async (context) => {
        const { listed, provided } = await watchRegister(context)
        expectEqual(provided.toSorted(), listed.toSorted(), 'the capabilities that register provides')
      },
    },
    'REG-004': {
      title: 'the opened scope has an implementation of each listed capability and of no other',
      run: async (context) => {
        const scope = await context.open()
        const listed = scope.report.available ? scope.report.provides.map(({ id }) => id) : []
        for (const capability of managers) {
          const found = findCapability(scope, capability) !== undefined
          expectEqual(found, listed.includes(capability.id), `whether the scope has ${capability.title}`)
        }
      },
    },
    'REG-005': {
      title: 'each manager has all methods of its contract',
      run: async (context) => {
        const scope = await context.open()
        for (const [capability, methods] of methodsOf) {
          const found: object | undefined = findCapability(scope, capability)
          if (found === undefined) continue
          const missing = methods.filter((name) => typeof Reflect.get(found, name) !== 'function')
          expectEqual(missing, [], `the missing methods of ${capability.title}`)
        }
      },
    },
    'REG-006': {
      title: 'two scopes of one plugin have separate runtimes, and closing one leaves the other working',
      run: async (context) => {
        const [one, other] = await Promise.all([context.open(), context.open()])
        expect(one.runtime !== other.runtime, 'two runtimes', 'the same runtime')
        await one[Symbol.asyncDispose]()
        await other.runtime.ping({ signal: context.signal })
      },
    },
    'REG-007': {
      title: 'a runtime can be opened again after it was closed',
      run: async (context) => {
        const first = await context.open()
        await first[Symbol.asyncDispose]()
        const second = await context.open()
        await second.runtime.ping({ signal: context.signal })
      },
    },
  },
)

interface Registration {
  readonly returned: unknown
  /** The kinds of I/O. */
  readonly started: readonly string[]
  /** The ids of the capabilities that the probe lists and that `register` provided. */
  readonly listed: readonly string[]
  readonly provided: readonly string[]
}

/** Opens a scope on a host and records the result and the I/O of `register`. Errors of the host are ignored. */
async function watchRegister({ plugin, env, signal }: CaseContext): Promise<Registration> {
  let listed: readonly string[] = []
  let watched: (WatchedCall<unknown> & Pick<Registration, 'provided'>) | undefined
  const observed = withParts(plugin, {
    probe: async (options) => {
      const result = await plugin.probe(options)
      listed = toKnownIds(result.available ? result.provides : [])
      return result
    },
    register: (scope, details) => {
      const provided: Capability<object>[] = []
      const provide: RegistrationScope['provide'] = (capability, implementation) => {
        scope.provide(capability, implementation)
        provided.push(capability)
      }
      const call = watchIo((): unknown => plugin.register({ ...scope, provide }, details))
      // A plugin that registers asynchronously fails REG-001. Its rejection must not end the process.
      Promise.resolve(call.result).catch(() => undefined)
      watched = { ...call, provided: toKnownIds(provided) }
    },
  })
  await using host = createRuntimeHost({ plugins: [observed], env })
  try {
    const opening = host.open({ runtime: plugin.name, signal })
    const outcome = await opening.then(() => 'the runtime was opened without it', String)
    const { result, read, provided } = expectDefined(watched, `a call of register (${outcome})`)
    // Asynchronous work of `register` starts its I/O in one of the next turns.
    await pause(50)
    return { returned: result, started: read().started, listed, provided }
  } finally {
    watched?.stop()
  }
}

function toKnownIds(capabilities: readonly Capability<object>[]): readonly string[] {
  return capabilities.map(({ id }) => id).filter((id) => managers.some((known) => known.id === id))
}

const methodsOf: ReadonlyMap<Capability<object>, readonly string[]> = new Map<Capability<object>, readonly string[]>([
  [imageBuilderCapability, ['buildImage']],
  [buildServiceCapability, ['connect']],
  [firewallManagerCapability, ['setupFirewall']],
  [networkManagerCapability, ['createNetwork', 'removeNetwork', 'listNetworks']],
  [sidecarManagerCapability, ['startSidecar', 'inspectContainer']],
  [execManagerCapability, ['exec']],
  [fileTransferCapability, ['putArchive', 'getArchive', 'statPath']],
  [imageTransferCapability, ['pullImage', 'pushImage', 'loadImages', 'saveImage', 'saveImages']],
  [imageManagerCapability, ['inspectImage', 'tagImage', 'imageHistory', 'commitContainer']],
  [volumeManagerCapability, ['createVolume', 'removeVolume', 'listVolumes']],
])
const managers: readonly Capability<object>[] = [runtimeCapability, ...methodsOf.keys()]
