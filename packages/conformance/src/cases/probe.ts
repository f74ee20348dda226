import { createRuntimeHost, runtimeCapability, volumeManagerCapability } from '@capstan/core'
import { builtInCapabilities, findUnsupportedOption, type ProbeOptions, type ProbeResult } from '@capstan/core/plugin'
import { expect, expectDefined, expectEqual } from '../assert/expect.js'
import { expectHostError, expectReason } from '../assert/expect-rejection.js'
import { eventually, pause, within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { watchIo } from '../plugin/watch-io.js'

export const probeCases: readonly ConformanceCase[] = defineCases(
  { capability: runtimeCapability, opensRuntime: false },
  {
    'PRB-001': {
      title: 'the plugin has a name, contract version 1, a probe method and a register method',
      run: async ({ plugin }) => {
        expect(/^[a-z][a-z0-9-]*$/.test(plugin.name), 'a name of lower-case letters, digits and "-"', plugin.name)
        expectEqual(plugin.contractVersion, 1, 'contractVersion')
        expectEqual([typeof plugin.probe, typeof plugin.register], ['function', 'function'], 'probe and register')
      },
    },
    'PRB-002': {
      title: 'probe resolves with a version, an endpoint and its lists',
      run: async (context) => {
        const result = await probeAvailable(context)
        expect(result.version.trim() !== '', 'a version', result.version)
        expect(result.endpoint.trim() !== '', 'an endpoint', result.endpoint)
        for (const list of ['provides', 'absent', 'unsupportedOptions', 'attempts', 'notes'] as const) {
          expect(Array.isArray(result[list]), `a list "${list}"`, result[list])
        }
      },
    },
    'PRB-003': {
      title: 'probe lists the runtime capability in provides, and no capability twice',
      run: async (context) => {
        const ids = (await probeAvailable(context)).provides.map(({ id }) => id)
        expect(ids.includes(runtimeCapability.id), 'the runtime among what it provides', ids)
        expectEqual(new Set(ids).size, ids.length, 'the number of different capabilities')
      },
    },
    'PRB-004': {
      title: 'probe gives a reason for each built-in capability that it does not provide',
      run: async (context) => {
        const { provides, absent } = await probeAvailable(context)
        for (const { id } of builtInCapabilities) {
          if (provides.some((provided) => provided.id === id)) continue
          const entry = absent.find((listed) => listed.id === id)
          const { reason } = expectDefined(entry, `"${id}" among the absent capabilities`)
          expect(reason.trim() !== '', `a reason why "${id}" is absent`, entry)
        }
      },
    },
    'PRB-005': {
      title: 'probe lists no capability as both provided and absent',
      run: async (context) => {
        const { provides, absent } = await probeAvailable(context)
        const both = absent.filter(({ id }) => provides.some((provided) => provided.id === id))
        expectEqual(both, [], 'capabilities both provided and absent')
      },
    },
    'PRB-006': {
      title: 'probe lists each unsupported field once, with a reason',
      run: async (context) => {
        const { unsupportedOptions } = await probeAvailable(context)
        const fields = unsupportedOptions.map(({ field }) => field)
        expectEqual(new Set(fields).size, fields.length, 'the number of different fields')
        const unexplained = unsupportedOptions.filter(({ reason }) => reason.trim() === '')
        expectEqual(unexplained, [], 'unsupported fields without a reason')
      },
    },
    'PRB-007': {
      title: 'probe settles before its deadline',
      run: async (context) => {
        const { plugin } = context
        const timeoutMs = plugin.probeTimeoutMs ?? longestTimeoutMs
        await within(timeoutMs + 1500, 'an answer of the probe', plugin.probe(toOptions(context, { timeoutMs })))
      },
    },
    'PRB-008': {
      title: 'probe resolves with a result when its deadline is too short',
      run: async (context) => {
        const probing = context.plugin.probe(toOptions(context, { timeoutMs: 1 }))
        // On a busy machine the process itself may be stalled for seconds.
        const result = await within(10_000, 'an answer of the probe', probing)
        expectEqual(typeof result.available, 'boolean', 'the type of "available"')
      },
    },
    'PRB-009': {
      title: 'probe rejects with the reason of a signal that was already aborted',
      run: async (context) => {
        const reason = new Error('aborted before the probe')
        const signal = AbortSignal.abort(reason)
        await expectReason(reason, async () => await context.plugin.probe(toOptions(context, { signal })))
      },
    },
    'PRB-010': {
      title: 'two concurrent probes list the same capabilities and unsupported options',
      run: async (context) => {
        const [one, other] = await Promise.all([probeAvailable(context), probeAvailable(context)])
        expectEqual(toLists(one), toLists(other), 'the lists of the second probe')
      },
    },
    'PRB-011': {
      title: 'probe closes every handle that it opened',
      run: async (context) => {
        const watched = watchIo(async () => await probeAvailable(context))
        try {
          await watched.result
          // Asynchronous work of the probe opens its handles in one of the next turns.
          await pause(50)
          // A closed handle is destroyed in one of the next turns.
          const closed = () => (watched.read().open.length === 0 ? true : undefined)
          await eventually('all handles of the probe closed', closed, { timeoutMs: 2000 })
        } finally {
          watched.stop()
        }
      },
    },
    'PRB-012': {
      title: 'the report is plain data and is unchanged by a JSON round trip',
      run: async ({ plugin, env }) => {
        await using host = createRuntimeHost({ plugins: [plugin], env })
        const [report] = await host.discover()
        const copy: unknown = JSON.parse(JSON.stringify(report))
        expectEqual(copy, dropUndefined(report), 'the report after JSON')
      },
    },
    'PRB-013': {
      title: 'probe resolves when no runtime is available, with the source, cause and remedy of each attempt',
      kitOptions: ['unavailableEnv'],
      run: async (context) => {
        const result = await context.plugin.probe(toOptions(context, { env: context.unavailableEnv ?? {} }))
        expect(!result.available, 'no runtime in the environment that has none', result)
        expectEqual(typeof result.chosen, 'boolean', 'the type of "chosen"')
        const { plugin, unavailableEnv = {} } = context
        expectEqual(plugin.isChosen?.(unavailableEnv) ?? result.chosen, result.chosen, 'the result of isChosen')
        expect(result.attempts.length > 0, 'an attempt', result.attempts)
        for (const { candidate, source, cause, remedy } of result.attempts) {
          const words = [candidate, source, cause.code, cause.message, remedy]
          expect(
            !words.some((word) => word.trim() === ''),
            'candidate, source, cause and remedy of each attempt',
            words,
          )
        }
      },
    },
    'PRB-014': {
      title: 'open rejects in time with RUNTIME_UNAVAILABLE and the attempts when no runtime is available',
      kitOptions: ['unavailableEnv'],
      run: async ({ plugin, unavailableEnv = {} }) => {
        await using host = createRuntimeHost({ plugins: [plugin], env: unavailableEnv })
        const opening = expectHostError('RUNTIME_UNAVAILABLE', () => host.open({ runtime: plugin.name }))
        const { facts } = await within((plugin.probeTimeoutMs ?? longestTimeoutMs) + 2000, 'the rejection', opening)
        const hasAttempts = facts.reports.some(({ attempts }) => attempts.length > 0)
        expect(hasAttempts, 'the attempts in the facts', facts.reports)
      },
    },
    'PRB-015': {
      title: 'isChosen returns a boolean synchronously and without I/O in any environment',
      run: async ({ plugin, env, unavailableEnv = {} }) => {
        for (const given of [env, unavailableEnv, {}]) {
          const watched = watchIo(() => plugin.isChosen?.(given) ?? false)
          const { started } = watched.read()
          watched.stop()
          expectEqual(typeof watched.result, 'boolean', 'the type of the result of isChosen')
          expectEqual(started, [], 'the I/O of isChosen')
        }
      },
    },
    'PRB-016': {
      title:
        'a runtime without a volume manager lists "mounts.volume" as unsupported, because sweep could not find such volumes',
      run: async (context) => {
        const { provides, unsupportedOptions } = await probeAvailable(context)
        if (provides.some(({ id }) => id === volumeManagerCapability.id)) return
        const entry = findUnsupportedOption('mounts.volume', unsupportedOptions)
        expectDefined(entry, '"mounts.volume" among the unsupported options')
      },
    },
  },
)

type Available = Extract<ProbeResult<unknown>, { readonly available: true }>

async function probeAvailable(context: CaseContext): Promise<Available> {
  const result = await context.plugin.probe(toOptions(context))
  expect(result.available, 'an available runtime', result)
  return result
}

function toOptions({ plugin, env, signal }: CaseContext, changes: Partial<ProbeOptions> = {}): ProbeOptions {
  return { timeoutMs: plugin.probeTimeoutMs, env, signal, ...changes }
}

function toLists({ provides, absent, unsupportedOptions }: Available) {
  const [provided, missing] = [provides, absent].map((list) => list.map(({ id }) => id).toSorted())
  return { provided, missing, unsupported: unsupportedOptions.map(({ field }) => field).toSorted() }
}

/** Removes fields whose value is `undefined`, which JSON does not have. */
function dropUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropUndefined)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const entries = Object.entries(value).filter(([, field]) => field !== undefined)
  return Object.fromEntries(entries.map(([name, field]) => [name, dropUndefined(field)]))
}

/** The longest time that a host gives a probe that sets no limit. */
const longestTimeoutMs = 30_000
