import { readFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { networkManagerCapability, type RuntimePlugin } from '@capstan/core'
import type { ProbeResult } from '@capstan/core/plugin'
import { withParts } from '../../src/plugin/map-provided.js'
import type { PlantedFault } from './planted-fault.js'

/** Faults of the probe and of register. */
export const pluginFaults: readonly PlantedFault[] = [
  {
    fault: 'register reads a file',
    expected: 'REG-002',
    plant: (sound) =>
      withParts(sound, {
        register: (scope, details) => {
          readFileSync('/dev/null')
          sound.register(scope, details)
        },
      }),
  },
  {
    fault: 'register starts a connection asynchronously',
    expected: 'REG-002',
    plant: (sound) =>
      withParts(sound, {
        register: (scope, details) => {
          sound.register(scope, details)
          // No server listens on port 1.
          Promise.resolve().then(() => connect(1, '127.0.0.1').on('error', () => {}))
        },
      }),
  },
  {
    fault: 'probe rejects when its deadline is short',
    expected: 'PRB-008',
    plant: (sound) =>
      withParts(sound, {
        probe: async (options) => {
          if ((options.timeoutMs ?? 100) < 100) throw new Error('no time')
          return await sound.probe(options)
        },
      }),
  },
  {
    fault: 'probe rejects with an error that wraps the reason of an abort',
    expected: 'PRB-009',
    plant: (sound) =>
      withParts(sound, {
        probe: async (options) => {
          if (options.signal?.aborted) throw new Error('aborted', { cause: options.signal.reason })
          return await sound.probe(options)
        },
      }),
  },
  {
    fault: 'probe leaves a socket open',
    expected: 'PRB-011',
    plant: (sound) =>
      withParts(sound, {
        probe: async (options) => {
          forgotten.push(createServer().listen(0, '127.0.0.1').unref())
          return await sound.probe(options)
        },
      }),
  },
  {
    fault: 'isChosen reads a file',
    expected: 'PRB-015',
    plant: (sound) => withParts(sound, { isChosen: () => readFileSync('/dev/null').length > 0 }),
  },
  {
    fault: 'probe lists an unsupported option twice',
    expected: 'PRB-006',
    plant: changeResult((result) => ({
      ...result,
      unsupportedOptions: [...result.unsupportedOptions, ...result.unsupportedOptions],
    })),
  },
  {
    fault: 'probe lists a provided capability as absent',
    expected: 'PRB-005',
    plant: changeResult((result) => {
      const { id, title } = networkManagerCapability
      return { ...result, absent: [{ id, title, reason: 'none', remedy: undefined }] }
    }),
  },
  {
    fault: 'probe returns a remedy that is not a string',
    expected: 'PRB-012',
    plant: changeResult((result) => ({
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

function changeResult(change: (result: Available) => Available): (sound: RuntimePlugin) => RuntimePlugin {
  return (sound) =>
    withParts(sound, {
      probe: async (options) => {
        const result = await sound.probe(options)
        return result.available ? change(result) : result
      },
    })
}

/** References that prevent garbage collection from closing the servers. */
const forgotten: Server[] = []
