import { readFileSync } from 'node:fs'
import { createRuntimeHost, type RuntimePlugin } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { memoryPlugin } from '@capstan/runtime-memory'
import { describe, expect, test } from 'vitest'
import { groupCases } from '../src/conformance-case.js'
import { type CaseResult, conformanceCases, hasUnhandled, runConformance } from '../src/index.js'
import { withParts } from '../src/plugin/map-provided.js'
import { breakPlugin } from './broken/break-plugin.js'

describe('runConformance', { timeout: 30_000 }, () => {
  test('resolves with a report that is unchanged by a JSON round trip', async () => {
    const report = await runConformance({ ...options, plugin: memoryPlugin(), only: ['PRB', 'PORT-008'] })
    expect(JSON.parse(JSON.stringify(report))).toStrictEqual(report)
    expect(report).toMatchObject({
      schemaVersion: 1,
      kit: { packageName: '@capstan/conformance' },
      plugin: { name: 'memory', packageName: '@capstan/runtime-memory' },
      endpoint: { version: expect.any(String) },
      only: ['PRB', 'PORT-008'],
      counts: { failed: 0, unsupported: 1 },
    })
  })

  test('calls onResult when each case ends', async () => {
    const heard: CaseResult[] = []
    const onResult = (result: CaseResult) => void heard.push(result)
    const { cases } = await runConformance({ ...options, plugin: memoryPlugin(), only: ['NAME'], onResult })
    expect(heard.map(({ id }) => id).toSorted()).toEqual(cases.map(({ id }) => id))
  })

  test('returns the expected and the observed behaviour of a failure', async () => {
    const plugin = breakPlugin(memoryPlugin(), { runtime: () => ({ supportsHostNetwork: () => false }) })
    const { cases } = await runConformance({ ...options, plugin, only: ['MODE-002'] })
    const failures = [expect.objectContaining({ expected: 'supportsHostNetwork to be true', seen: 'false' })]
    expect(cases).toEqual([expect.objectContaining({ id: 'MODE-002', status: 'failed', failures })])
  })

  test('reports and removes the resources that remain after a case', async () => {
    const plugin = breakPlugin(memoryPlugin(), {
      sidecars: (_, runtime) => ({
        startSidecar: async ({ networks: _networks, ...config }, options) => {
          const id = await runtime.createContainer(config, options)
          await runtime.startContainer(id, options)
          return id
        },
      }),
    })
    const { cases } = await runConformance({ ...options, plugin, only: ['SIDE-006'] })
    expect(JSON.stringify(cases)).toContain('no resource to remain after the case')
    const again = await runConformance({ ...options, plugin, only: ['RT-012'] })
    expect(again.counts).toMatchObject({ passed: 1, failed: 0 })
  })

  test('fails a case that does not settle at its time limit', async () => {
    const plugin = breakPlugin(memoryPlugin(), { runtime: () => ({ ping: () => new Promise(() => {}) }) })
    const { cases } = await runConformance({ ...options, plugin, only: ['RT-001'], timeoutMs: 200 })
    expect(cases[0]).toMatchObject({ status: 'failed', failures: [{ expected: 'the end of RT-001 within 200 ms' }] })
  })

  test('reports a rejection that the plugin does not handle at the last close in outside', async () => {
    let hasResult = false
    const plugin = breakPlugin(memoryPlugin(), {
      runtime: (runtime) => ({
        close: async () => {
          // After the result of the only case, the runner closes the runtime that it opened for cleanups.
          if (hasResult) Promise.reject(new Error('not handled'))
          await runtime.close()
        },
      }),
    })
    const onResult = () => {
      hasResult = true
    }
    const report = await runConformance({ ...options, plugin, only: ['RT-001'], onResult })
    expect(report.counts).toMatchObject({ passed: 1, failed: 0 })
    const message = expect.stringContaining('not handled')
    expect(report.outside).toEqual([expect.objectContaining({ message, unhandled: true })])
    expect(hasUnhandled(report)).toBe(true)
  })

  test('rejects with RUNTIME_UNAVAILABLE when the plugin finds no runtime', async () => {
    const run = runConformance({ ...options, plugin: unavailablePlugin() })
    await expect(run).rejects.toMatchObject({ code: 'RUNTIME_UNAVAILABLE' })
  })

  test('rejects with IMAGE_NOT_FOUND when the runtime lacks the image', async () => {
    const run = runConformance({ ...options, plugin: memoryPlugin(), image: 'example.invalid/none:1' })
    await expect(run).rejects.toMatchObject({ code: 'IMAGE_NOT_FOUND', facts: { image: 'example.invalid/none:1' } })
  })

  test('runs the cases when only imageExists says that the image is absent', async () => {
    const plugin = breakPlugin(memoryPlugin(), { runtime: () => ({ imageExists: async () => false }) })
    const { counts } = await runConformance({ ...options, plugin, only: ['IMG'] })
    expect(counts.failed).toBeGreaterThan(0)
  })

  test('reports a probe that throws as a failure and runs the other cases', async () => {
    const plugin = withParts(memoryPlugin(), { probe: () => Promise.reject(new Error('no idea')) })
    const { counts, cases } = await runConformance({ ...options, plugin, only: ['PRB-001', 'PRB-002', 'RT-001'] })
    expect(counts).toMatchObject({ passed: 1, failed: 2 })
    expect(JSON.stringify(cases)).toContain('no idea')
  })

  test('fails the cases when register provides none of the listed capabilities', async () => {
    const correct = memoryPlugin()
    const plugin = withParts(correct, { register: () => {} })
    const { cases } = await runConformance({ ...options, plugin, only: ['REG-003', 'REG-004', 'RT-001'] })
    expect(cases.map(({ status }) => status)).toEqual(['failed', 'failed', 'failed'])
    expect(JSON.stringify(cases[1])).toContain('PLUGIN_INVALID')
  })

  test('fails REG-001 when register returns a promise', async () => {
    const correct = memoryPlugin()
    const register = async (...given: Parameters<RuntimePlugin['register']>) => correct.register(...given)
    // A plugin in plain JavaScript may return a value although the type says void.
    const plugin = withParts(correct, { register: register as RuntimePlugin['register'] })
    const { cases } = await runConformance({ ...options, plugin, only: ['REG-001', 'REG-003'] })
    expect(cases.map(({ status }) => status)).toEqual(['failed', 'passed'])
  })

  test('fails a register that provides after an await; its rejection does not end the process', async () => {
    const correct = memoryPlugin()
    const register = async (...given: Parameters<RuntimePlugin['register']>) => {
      await Promise.resolve()
      correct.register(...given)
    }
    const plugin = withParts(correct, { register: register as RuntimePlugin['register'] })
    const { cases } = await runConformance({ ...options, plugin, only: ['REG-001', 'REG-003'] })
    expect(cases.map(({ status }) => status)).toEqual(['failed', 'failed'])
  })

  test('rejects with the reason of an abort after the running cases', async () => {
    const controller = new AbortController()
    const reason = new Error('seen enough')
    const onResult = () => controller.abort(reason)
    const run = runConformance({ ...options, plugin: memoryPlugin(), signal: controller.signal, onResult })
    await expect(run).rejects.toBe(reason)
  })

  test('ends a waiting case on an abort and removes its resources', { timeout: 10_000 }, async () => {
    const controller = new AbortController()
    const reason = new Error('seen enough')
    const plugin = breakPlugin(memoryPlugin(), {
      runtime: () => ({
        waitContainer: () => {
          controller.abort(reason)
          return new Promise(() => {})
        },
      }),
    })
    const run = runConformance({ ...options, plugin, only: ['EXIT-001'], signal: controller.signal })
    await expect(run).rejects.toBe(reason)
    await using host = createRuntimeHost({ plugins: [plugin] })
    const { runtime } = await host.open({ runtime: 'memory' })
    expect(await runtime.listContainers()).toEqual([])
  })
})

describe('conformanceCases', () => {
  test('returns at least 150 cases with unique ids and titles', () => {
    const cases = conformanceCases()
    expect(cases.length).toBeGreaterThanOrEqual(150)
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length)
    expect(new Set(cases.map(({ title, id }) => `${id.split('-')[0]} ${title}`)).size).toBe(cases.length)
    expect(cases.filter(({ id }) => !/^[A-Z]+-\d{3}$/.test(id))).toEqual([])
  })

  test('returns as many cases as the README says', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    expect(readme).toContain(`${conformanceCases().length} cases`)
  })

  test('returns the groups of the table in the README, in its order', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const listed = [...readme.matchAll(/^\| `([A-Z]+)` \|/gm)].map(([, group]) => group)
    expect([...groupCases(conformanceCases()).keys()]).toEqual(listed)
  })

  test('numbers the cases of each group from 001 without a gap', () => {
    const counts = new Map<string, number>()
    for (const { id } of conformanceCases().toSorted((one, other) => one.id.localeCompare(other.id))) {
      const [group = '', number] = id.split('-')
      const next = (counts.get(group) ?? 0) + 1
      counts.set(group, next)
      expect([group, Number(number)]).toEqual([group, next])
    }
  })
})

function unavailablePlugin(): RuntimePlugin {
  const attempt = {
    candidate: 'nowhere',
    source: 'default',
    step: 'connect',
    cause: { code: 'ENOENT', message: 'no socket' },
    remedy: 'start it',
  } as const
  return withParts(memoryPlugin(), {
    probe: async () => ({ available: false, chosen: false, attempts: [attempt] }),
    register: () => {
      throw createHostError('PLUGIN_UNKNOWN', { plugin: 'never', known: [] })
    },
  })
}

const options = { image: 'busybox:latest' } as const
