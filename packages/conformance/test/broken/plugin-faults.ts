import { readFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { networkManagerCapability, type RuntimePlugin } from '@capstan/core'
import type { ProbeResult } from '@capstan/core/plugin'
import { withParts } from '../../src/plugin/map-provided.js'
import type { FaultyPlugin } from './faulty-plugin.js'

/** Faults of the probe and of register. */
export const pluginFaults: readonly FaultyPlugin[] = [
  {
    fault: 'register reads a file',
    failingCase: 'REG-002',
    addFault: (correct) =>
      withParts(correct, {
        register: (scope, details) => {
          readFileSync('/dev/null')
          correct.register(scope, details)
        },
      }),
  },
  {
    fault: 'register starts a connection asynchronously',
    failingCase: 'REG-002',
    addFault: (correct) =>
      withParts(correct, {
        register: (scope, details) => {
          correct.register(scope, details)
          // No server listens on port 1.
          Promise.resolve().then(() => connect(1, '127.0.0.1').on('error', () => {}))
        },
      }),
  },
  {
    fault: 'probe rejects when its deadline is short',
    failingCase: 'PRB-008',
    addFault: (correct) =>
      withParts(correct, {
        probe: async (options) => {
          if ((options.timeoutMs ?? 100) < 100) throw new Error('no time')
          return await correct.probe(options)
        },
      }),
  },
  {
    fault: 'probe rejects with an error that wraps the reason of an abort',
    failingCase: 'PRB-009',
    addFault: (correct) =>
      withParts(correct, {
        probe: async (options) => {
          if (options.signal?.aborted) throw new Error('aborted', { cause: options.signal.reason })
          return await correct.probe(options)
        },
      }),
  },
  {
    fault: 'probe leaves a socket open',
    failingCase: 'PRB-011',
    addFault: (correct) =>
      withParts(correct, {
        probe: async (options) => {
          forgotten.push(createServer().listen(0, '127.0.0.1').unref())
          return await correct.probe(options)
        },
      }),
  },
  {
    fault: 'isChosen reads a file',
    failingCase: 'PRB-015',
    addFault: (correct) => withParts(correct, { isChosen: () => readFileSync('/dev/null').length > 0 }),
  },
  {
    fault: 'probe lists an unsupported option twice',
    failingCase: 'PRB-006',
    addFault: changeResult((result) => ({
      ...result,
      unsupportedOptions: [...result.unsupportedOptions, ...result.unsupportedOptions],
    })),
  },
  {
    fault: 'probe lists a provided capability as absent',
    failingCase: 'PRB-005',
    addFault: changeResult((result) => {
      const { id, title } = networkManagerCapability
      return { ...result, absent: [...result.absent, { id, title, reason: 'none', remedy: undefined }] }
    }),
  },
  {
    fault: 'probe returns a remedy that is not a string',
    failingCase: 'PRB-012',
    addFault: changeResult((result) => ({
      ...result,
      // A plugin in plain JavaScript may return what the type forbids.
      unsupportedOptions: result.unsupportedOptions.map((entry) => ({
        ...entry,
        remedy: new Date(0) as unknown as string,
      })),
    })),
  },
]

type Available = Extract<ProbeResult<unknown>, { readonly available: true }>

function changeResult(change: (result: Available) => Available): (correct: RuntimePlugin) => RuntimePlugin {
  return (correct) =>
    withParts(correct, {
      probe: async (options) => {
        const result = await correct.probe(options)
        return result.available ? change(result) : result
      },
    })
}

/** References that prevent garbage collection from closing the servers. */
const forgotten: Server[] = []
