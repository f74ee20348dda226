import {
  execManagerCapability,
  imageTransferCapability,
  networkManagerCapability,
  type RefusableField,
  type RefusedOption,
  type RuntimePlugin,
  refuseField,
  refuseOptions,
  sidecarManagerCapability,
  validateContainerConfig,
  volumeManagerCapability,
} from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'
import { describe, expect, test } from 'vitest'
import { runConformance } from '../src/index.js'
import { withPlugin } from '../src/plugin/map-provided.js'
import { breakPlugin } from './broken/break-plugin.js'

describe('a runtime that has less', () => {
  test('passes when what it lacks is absent and listed with a reason', { timeout: 60_000 }, async () => {
    const without = [
      networkManagerCapability,
      sidecarManagerCapability,
      execManagerCapability,
      imageTransferCapability,
      volumeManagerCapability,
    ]
    const { cases, counts } = await run(memoryPlugin({ without }))
    expect(cases.filter(({ status }) => status === 'failed')).toEqual([])
    expect(cases.find(({ id }) => id === 'NET-001')).toMatchObject({
      status: 'absent',
      subject: 'network-manager',
      reason: expect.stringContaining('made without'),
      remedy: expect.stringContaining('without'),
    })
    expect(counts.absent).toBeGreaterThan(100)
  })

  test('fails when it lacks something and does not say why', async () => {
    const plugin = memoryPlugin({ without: [volumeManagerCapability] })
    const silent = withPlugin(plugin, {
      probe: async (options) => ({ ...(await plugin.probe(options)), absent: [] }),
    })
    const { cases } = await run(silent, ['VOL-001', 'PRB-004'])
    expect(cases.map(({ id, status }) => [id, status])).toEqual([
      ['PRB-004', 'failed'],
      ['VOL-001', 'failed'],
    ])
  })

  test('fails when it has what it says is absent', async () => {
    const plugin = memoryPlugin()
    const { token } = volumeManagerCapability
    const modest = withPlugin(plugin, {
      probe: async (options) => {
        const result = await plugin.probe(options)
        return result.available
          ? { ...result, provides: result.provides.filter((capability) => capability.token !== token) }
          : result
      },
    })
    const { cases } = await run(modest, ['REG-003', 'VOL-001'])
    expect(cases.map(({ status }) => status)).toEqual(['failed', 'failed'])
  })
})

describe('a runtime that refuses options', () => {
  test('passes when each use is OPTION_UNSUPPORTED, and the reason is in the report', { timeout: 60_000 }, async () => {
    const { cases } = await run(refusingPlugin(fields))
    expect(cases.filter(({ status }) => status === 'failed')).toEqual([])
    const refused = new Set(cases.flatMap((result) => (result.status === 'refused' ? [result.subject] : [])))
    expect([...refused].filter((field) => !inMemory.includes(field)).toSorted()).toEqual([...fields].toSorted())
    expect(cases.find(({ id }) => id === 'LIM-001')).toMatchObject({ status: 'refused', reason: 'not here' })
  })

  test('fails when an option that its report refuses is taken all the same', async () => {
    const { cases } = await run(withRefusals(memoryPlugin(), ['memoryBytes']), ['LIM-001', 'LIM-002'])
    expect(cases[0]).toMatchObject({ id: 'LIM-001', status: 'failed' })
    expect(cases[1]).toMatchObject({ id: 'LIM-002', status: 'passed' })
  })

  test('fails when the refusal names another field', async () => {
    const plugin = breakPlugin(withRefusals(memoryPlugin(), ['cpus']), {
      runtime: (runtime) => ({
        createContainer: async (config, options) => {
          if (config.cpus !== undefined) refuseField('memory', 'memoryBytes', config.cpus, toRefusals(['memoryBytes']))
          return await runtime.createContainer(config, options)
        },
      }),
    })
    const { cases } = await run(plugin, ['LIM-002'])
    expect(cases[0]).toMatchObject({ status: 'failed' })
  })
})

function run(plugin: RuntimePlugin, only?: readonly string[]) {
  return runConformance({ plugin, image: 'busybox:latest', concurrency: 32, ...(only && { only }) })
}

/** A simulation that keeps to its list of refusals. */
function refusingPlugin(refused: readonly RefusableField[]): RuntimePlugin {
  const refuses = toRefusals(refused)
  const refuse = (field: RefusableField, given: unknown) => refuseField('memory', field, given, refuses)
  return breakPlugin(withRefusals(memoryPlugin(), refused), {
    runtime: (runtime) => ({
      createContainer: async (config, options) => {
        options?.signal?.throwIfAborted()
        validateContainerConfig(config)
        refuseOptions('memory', config, refuses)
        return await runtime.createContainer(config, options)
      },
      containerLogs: async (id, options = {}) => {
        if (options.timestamps) refuse('logs.timestamps', true)
        return await runtime.containerLogs(id, options)
      },
      setupFirewall: async (id, rules, options) => {
        options?.signal?.throwIfAborted()
        await runtime.getPortBindings(id)
        refuse('setupFirewall', rules)
      },
      resizeTTY: async (id, size, options) => {
        await runtime.containerState(id)
        refuse('resizeTTY', size)
        await runtime.resizeTTY(id, size, options)
      },
    }),
  })
}

function withRefusals(plugin: RuntimePlugin, refused: readonly RefusableField[]): RuntimePlugin {
  return withPlugin(plugin, {
    probe: async (options) => {
      const result = await plugin.probe(options)
      return result.available ? { ...result, refuses: [...result.refuses, ...toRefusals(refused)] } : result
    },
  })
}

function toRefusals(refused: readonly RefusableField[]): readonly RefusedOption[] {
  return refused.map((field) => ({ field, reason: 'not here', remedy: undefined }))
}

const fields: readonly RefusableField[] = [
  'memoryBytes',
  'cpus',
  'privileged',
  'groupAdd',
  'logs.timestamps',
  'setupFirewall',
  'resizeTTY',
  'mounts.tmpfs',
  'network.aliases',
]
/** What the simulation itself refuses. */
const inMemory: readonly string[] = ['ports.udp', 'build.dns']
