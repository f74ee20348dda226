import { readFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { networkManagerCapability, type RuntimePlugin } from '@capstan/core'
import type { ProbeResult } from '@capstan/core/plugin'
import { withPlugin } from '../../src/plugin/map-provided.js'
import type { PlantedFault } from './planted-fault.js'

/** Faults of the probe and of register. */
export const pluginFaults: readonly PlantedFault[] = [
  {
    fault: 'register reads a file',
    expected: 'REG-002',
    plant: (sound) =>
      withPlugin(sound, {
        register: (scope, details) => {
          readFileSync('/dev/null')
          sound.register(scope, details)
        },
      }),
  },
  {
    fault: 'register sets a connection going',
    expected: 'REG-002',
    plant: (sound) =>
      withPlugin(sound, {
        register: (scope, details) => {
          sound.register(scope, details)
          // Nobody listens at port 1.
          Promise.resolve().then(() => connect(1, '127.0.0.1').on('error', () => {}))
        },
      }),
  },
  {
    fault: 'probe throws when its deadline is short',
    expected: 'PRB-008',
    plant: (sound) =>
      withPlugin(sound, {
        probe: async (options) => {
          if ((options.timeoutMs ?? 100) < 100) throw new Error('no time')
          return await sound.probe(options)
        },
      }),
  },
  {
    fault: 'probe wraps the reason of an abort',
    expected: 'PRB-009',
    plant: (sound) =>
      withPlugin(sound, {
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
      withPlugin(sound, {
        probe: async (options) => {
          forgotten.push(createServer().listen(0, '127.0.0.1').unref())
          return await sound.probe(options)
        },
      }),
  },
  {
    fault: 'isChosen reads a file',
    expected: 'PRB-015',
    plant: (sound) => withPlugin(sound, { isChosen: () => readFileSync('/dev/null').length > 0 }),
  },
  {
    fault: 'probe refuses a field twice',
    expected: 'PRB-006',
    plant: changeResult((result) => ({
      ...result,
      unsupportedOptions: [...result.unsupportedOptions, ...result.unsupportedOptions],
    })),
  },
  {
    fault: 'probe lists as absent what it provides',
    expected: 'PRB-005',
    plant: changeResult((result) => {
      const { id, title } = networkManagerCapability
      return { ...result, absent: [{ id, title, reason: 'none', remedy: undefined }] }
    }),
  },
  {
    fault: 'probe gives a remedy that is no plain data',
    expected: 'PRB-012',
    plant: changeResult((result) => ({
      ...result,
      // What the type forbids; a plugin may be plain JavaScript.
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
    withPlugin(sound, {
      probe: async (options) => {
        const result = await sound.probe(options)
        return result.available ? change(result) : result
      },
    })
}

/** Held, so that no collection of garbage closes them. */
const forgotten: Server[] = []
