import { createRuntimeHost, runtimeCapability, volumeManagerCapability } from '@capstan/core'
import { builtInCapabilities, findRefusal, type ProbeOptions, type ProbeResult } from '@capstan/core/plugin'
import { expect, expectDefined, expectEqual } from '../assert/expect.js'
import { expectHostError, expectReason } from '../assert/expect-rejection.js'
import { eventually, pause, within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { watchIo } from '../plugin/watch-io.js'

export const probeCases: readonly ConformanceCase[] = defineCases({ capability: runtimeCapability, opens: false }, [
  {
    id: 'PRB-001',
    title: 'the plugin has a name, contract version 1, a probe and a register',
    run: async ({ plugin }) => {
      expect(/^[a-z][a-z0-9-]*$/.test(plugin.name), 'a name of lower-case letters, digits and "-"', plugin.name)
      expectEqual(plugin.contractVersion, 1, 'contractVersion')
      expectEqual([typeof plugin.probe, typeof plugin.register], ['function', 'function'], 'probe and register')
    },
  },
  {
    id: 'PRB-002',
    title: 'probe answers with a version, an endpoint and its lists',
    run: async (context) => {
      const result = await probeAvailable(context)
      expect(result.version.trim() !== '', 'a version', result.version)
      expect(result.endpoint.trim() !== '', 'an endpoint', result.endpoint)
      for (const list of ['provides', 'absent', 'unsupportedOptions', 'attempts', 'notes'] as const) {
        expect(Array.isArray(result[list]), `a list "${list}"`, result[list])
      }
    },
  },
  {
    id: 'PRB-003',
    title: 'probe claims a runtime, and nothing twice',
    run: async (context) => {
      const ids = (await probeAvailable(context)).provides.map(({ id }) => id)
      expect(ids.includes(runtimeCapability.id), 'the runtime among what it provides', ids)
      expectEqual(new Set(ids).size, ids.length, 'the number of different claims')
    },
  },
  {
    id: 'PRB-004',
    title: 'probe tells of each known capability that it does not claim why it is absent',
    run: async (context) => {
      const { provides, absent } = await probeAvailable(context)
      for (const { id } of builtInCapabilities) {
        if (provides.some((claimed) => claimed.id === id)) continue
        const listed = expectDefined(
          absent.find((entry) => entry.id === id),
          `"${id}" among what is absent`,
        )
        expect(listed.reason.trim() !== '', `a reason why "${id}" is absent`, listed)
      }
    },
  },
  {
    id: 'PRB-005',
    title: 'probe lists nothing as absent that it claims',
    run: async (context) => {
      const { provides, absent } = await probeAvailable(context)
      const both = absent.filter(({ id }) => provides.some((claimed) => claimed.id === id))
      expectEqual(both, [], 'what is claimed and absent')
    },
  },
  {
    id: 'PRB-006',
    title: 'probe names each refused field once, with a reason',
    run: async (context) => {
      const { unsupportedOptions } = await probeAvailable(context)
      expectEqual(
        new Set(unsupportedOptions.map(({ field }) => field)).size,
        unsupportedOptions.length,
        'the number of different fields',
      )
      const silent = unsupportedOptions.filter(({ reason }) => reason.trim() === '')
      expectEqual(silent, [], 'refusals without a reason')
    },
  },
  {
    id: 'PRB-007',
    title: 'probe keeps its deadline',
    run: async (context) => {
      const { plugin } = context
      const timeoutMs = plugin.probeTimeoutMs ?? defaultTimeoutMs
      await within(timeoutMs + 1500, 'an answer of the probe', plugin.probe(toOptions(context, { timeoutMs })))
    },
  },
  {
    id: 'PRB-008',
    title: 'probe answers with a value even when its deadline is too short',
    run: async (context) => {
      const probing = context.plugin.probe(toOptions(context, { timeoutMs: 1 }))
      // On a busy machine the process itself may not run for seconds.
      const result = await within(10_000, 'an answer of the probe', probing)
      expectEqual(typeof result.available, 'boolean', 'the type of "available"')
    },
  },
  {
    id: 'PRB-009',
    title: 'probe rejects with the reason of a signal that was aborted before',
    run: async (context) => {
      const reason = new Error('aborted before the probe')
      const signal = AbortSignal.abort(reason)
      await expectReason(reason, async () => await context.plugin.probe(toOptions(context, { signal })))
    },
  },
  {
    id: 'PRB-010',
    title: 'two probes at once claim the same',
    run: async (context) => {
      const [one, other] = await Promise.all([probeAvailable(context), probeAvailable(context)])
      expectEqual(toClaims(one), toClaims(other), 'the claims of the second probe')
    },
  },
  {
    id: 'PRB-011',
    title: 'probe closes what it opened',
    run: async (context) => {
      const watched = watchIo(async () => await probeAvailable(context))
      try {
        await watched.result
        // What it set going opens its handles in one of the next turns.
        await pause(50)
        // A handle that was closed goes in one of the next turns.
        const closed = () => (watched.account().open.length === 0 ? true : undefined)
        await eventually('all handles of the probe closed', closed, { timeoutMs: 2000 })
      } finally {
        watched.stop()
      }
    },
  },
  {
    id: 'PRB-012',
    title: 'the report is plain data, and survives JSON as it is',
    run: async ({ plugin, env }) => {
      const host = createRuntimeHost({ plugins: [plugin], env })
      try {
        const [report] = await host.discover()
        const copy: unknown = JSON.parse(JSON.stringify(report))
        expectEqual(copy, dropUndefined(report), 'the report after JSON')
      } finally {
        await host[Symbol.asyncDispose]()
      }
    },
  },
  {
    id: 'PRB-013',
    title: 'probe says that no runtime is there with a value: each attempt with its source, cause and remedy',
    given: ['unavailableEnv'],
    run: async (context) => {
      const result = await context.plugin.probe(toOptions(context, { env: context.unavailableEnv ?? {} }))
      expect(!result.available, 'no runtime in the environment that has none', result)
      expectEqual(typeof result.chosen, 'boolean', 'the type of "chosen"')
      const { plugin, unavailableEnv = {} } = context
      expectEqual(plugin.isChosen?.(unavailableEnv) ?? result.chosen, result.chosen, 'isChosen, beside "chosen"')
      expect(result.attempts.length > 0, 'an attempt', result.attempts)
      for (const { candidate, source, cause, remedy } of result.attempts) {
        const words = [candidate, source, cause.code, cause.message, remedy]
        expect(!words.some((word) => word.trim() === ''), 'candidate, source, cause and remedy of each attempt', words)
      }
    },
  },
  {
    id: 'PRB-014',
    title: 'opening where no runtime is there is RUNTIME_UNAVAILABLE with the attempts, in good time',
    given: ['unavailableEnv'],
    run: async ({ plugin, unavailableEnv = {} }) => {
      const host = createRuntimeHost({ plugins: [plugin], env: unavailableEnv })
      try {
        const opening = expectHostError('RUNTIME_UNAVAILABLE', () => host.open({ runtime: plugin.name }))
        const { facts } = await within((plugin.probeTimeoutMs ?? defaultTimeoutMs) + 2000, 'the rejection', opening)
        expect(
          facts.reports.some(({ attempts }) => attempts.length > 0),
          'the attempts in the facts',
          facts.reports,
        )
      } finally {
        await host[Symbol.asyncDispose]()
      }
    },
  },
  {
    id: 'PRB-015',
    title: 'isChosen tells true or false at once and without I/O, in any environment',
    run: async ({ plugin, env, unavailableEnv = {} }) => {
      for (const given of [env, unavailableEnv, {}]) {
        const watched = watchIo(() => plugin.isChosen?.(given) ?? false)
        const { begun } = watched.account()
        watched.stop()
        expectEqual(typeof watched.result, 'boolean', 'the type of what isChosen tells')
        expectEqual(begun, [], 'the I/O of isChosen')
      }
    },
  },
  {
    id: 'PRB-016',
    title: 'a runtime without a volume manager refuses "mounts.volume": no sweep would find what a mount creates',
    run: async (context) => {
      const { provides, unsupportedOptions } = await probeAvailable(context)
      if (provides.some(({ id }) => id === volumeManagerCapability.id)) return
      expectDefined(findRefusal('mounts.volume', unsupportedOptions), '"mounts.volume" among what is refused')
    },
  },
])

type Available = Extract<ProbeResult<unknown>, { readonly available: true }>

async function probeAvailable(context: CaseContext): Promise<Available> {
  const result = await context.plugin.probe(toOptions(context))
  expect(result.available, 'an available runtime', result)
  return result
}

function toOptions({ plugin, env, signal }: CaseContext, changes: Partial<ProbeOptions> = {}): ProbeOptions {
  return { timeoutMs: plugin.probeTimeoutMs, env, signal, ...changes }
}

function toClaims({ provides, absent, unsupportedOptions }: Available) {
  const [provided, missing] = [provides, absent].map((list) => list.map(({ id }) => id).toSorted())
  return { provided, missing, refused: unsupportedOptions.map(({ field }) => field).toSorted() }
}

/** JSON knows no `undefined`: a field that has it is a field that is not there. */
function dropUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropUndefined)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(entries.map(([name, field]) => [name, dropUndefined(field)]))
}

/** How long a host waits at most where nobody sets a limit. */
const defaultTimeoutMs = 30_000
