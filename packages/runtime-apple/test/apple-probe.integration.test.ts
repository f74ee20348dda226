import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntimeHost, type RuntimeReport } from '@capstan/core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ApplePluginOptions } from '../src/index.js'
import { describeWithSimulator } from './simulator/describe-with-simulator.js'
import { simulatedPlugin } from './simulator/open-apple.js'
import { releases, type Simulator, type SimulatorOptions, startSimulator } from './simulator/start-simulator.mjs'
import { useSimulator } from './simulator/use-simulator.js'

async function discover(simulator: Pick<Simulator, 'command'>, options?: ApplePluginOptions): Promise<RuntimeReport> {
  await using host = createRuntimeHost({ plugins: [simulatedPlugin(simulator, options)], env: {} })
  const [report] = await host.discover()
  if (report === undefined) throw new Error('no report')
  return report
}

async function probe(simulation: SimulatorOptions, options?: ApplePluginOptions): Promise<RuntimeReport> {
  const simulator = await useSimulator(simulation)
  return await discover(simulator, options)
}

const toIds = (report: RuntimeReport) => (report.available ? report.provides.map(({ id }) => id) : [])
const toFields = (report: RuntimeReport) =>
  report.available ? report.unsupportedOptions.map(({ field }) => field) : []

/** The last absent capabilities, with any release and any networks. */
const neverProvided = ['events', 'compose-manager', 'swarm-manager'].map((id) => ({
  id,
}))

describeWithSimulator('the report of the probe', () => {
  it('provides no networks and no sidecars by default, with the reason', async () => {
    const report = await probe({})
    expect(toIds(report)).toEqual([
      'runtime',
      'image-builder',
      'firewall-manager',
      'exec-manager',
      'file-transfer',
      'container-control',
      'image-transfer',
      'image-manager',
      'volume-manager',
      'container-stats',
      'job-manager',
    ])
    expect(report).toMatchObject({
      absent: [
        { id: 'build-service', remedy: 'start BuildKit in a sidecar' },
        { id: 'network-manager', remedy: expect.stringContaining("networks: 'if-available'") },
        { id: 'sidecar-manager', remedy: expect.stringContaining("networks: 'if-available'") },
        ...neverProvided,
      ],
    })
  })

  it.each(['0.12 on macOS 26', '1.2 on macOS 26'] as const)(
    'provides networks and sidecars on %s when they are requested',
    async (title) => {
      const report = await probe({ release: releases[title] }, { networks: 'if-available' })
      expect(report).toMatchObject({
        available: true,
        absent: [{ id: 'build-service' }, ...neverProvided],
        version: releases[title].version,
      })
      expect(toFields(report)).not.toContain('network')
      expect(toFields(report).includes('network.none')).toBe(title.startsWith('0.'))
    },
  )

  it.each(['0.12 on macOS 15', '1.2 on macOS 15'] as const)(
    'provides no networks on %s, whatever is requested',
    async (title) => {
      const report = await probe({ release: releases[title] }, { networks: 'if-available' })
      expect(report).toMatchObject({
        absent: [
          { id: 'build-service' },
          { id: 'network-manager', remedy: 'update macOS to 26 or newer' },
          { id: 'sidecar-manager', remedy: 'update macOS to 26 or newer' },
          ...neverProvided,
        ],
        notes: ['networks other than the default one need macOS 26'],
      })
      expect(toFields(report)).toContain('network')
    },
  )

  it('decides by the options of the command, not by its version', async () => {
    const report = await probe({ release: { version: '0.9.0', macos: 26 } })
    const fields = toFields(report)
    expect(fields).toEqual(expect.arrayContaining(['capAdd', 'capDrop', 'init']))
    expect(report).toMatchObject({
      absent: expect.arrayContaining([
        {
          id: 'firewall-manager',
          title: 'egress firewalls',
          reason: 'this release of the command has no --cap-add, and firewall rules need NET_ADMIN in the guest',
          remedy: 'update the command',
        },
      ]),
    })
    expect(fields).not.toContain('ulimits')
  })

  it('notes that a release is not tested', async () => {
    const report = await probe({ release: { version: '0.11.0', macos: 26 } })
    expect(report).toMatchObject({ available: true, notes: ['version 0.11.0 is not tested'] })
  })

  it('provides no networks when the command fails to list them, with its error text', async () => {
    const simulator = await useSimulator()
    await simulator.control({ faults: [{ on: 'network list', kind: 'fail', text: 'no bridge', exitCode: 1 }] })
    const absence = {
      reason: '`container network list` failed: no bridge',
      remedy: 'try `container network list` at a terminal',
    }
    expect(await discover(simulator, { networks: 'if-available' })).toMatchObject({
      absent: [
        { id: 'build-service', reason: 'the command gives no access to its BuildKit' },
        { id: 'network-manager', ...absence },
        { id: 'sidecar-manager', ...absence },
        ...neverProvided,
      ],
    })
  })

  it('reads the help pages when the command tree is not printed', async () => {
    const simulator = await useSimulator()
    const before = await discover(simulator, { networks: 'if-available' })
    await simulator.control({ faults: [{ on: '--experimental-dump-help', kind: 'garbage', text: 'no longer' }] })
    expect(await discover(simulator, { networks: 'if-available' })).toEqual(before)
  })

  it('accepts warnings before the output', async () => {
    const simulator = await useSimulator()
    await simulator.control({ faults: [{ on: 'system status', kind: 'warn' }] })
    expect(await discover(simulator)).toMatchObject({ available: true })
  })

  it('notes that the service has another version', async () => {
    const report = await probe({ service: { version: '1.1.0' } })
    expect(report).toMatchObject({ notes: [expect.stringContaining('1.2.2 and its service 1.1.0')] })
  })

  it('notes that no kernel is configured, with the command that sets one', async () => {
    const report = await probe({ service: { kernel: false } })
    expect(report).toMatchObject({ notes: ['no kernel is configured: container system kernel set --recommended'] })
  })

  it('starts the service when `system` is `start`', async () => {
    const simulator = await useSimulator({ service: { status: 'unregistered' } })
    expect(await discover(simulator)).toMatchObject({ available: false })
    expect(await discover(simulator, { system: 'start' })).toMatchObject({ available: true })
  })
})

describeWithSimulator('the probe of an unavailable runtime', () => {
  let simulator: Simulator
  let folder: string

  beforeAll(async () => {
    simulator = await startSimulator()
    folder = await mkdtemp(join(tmpdir(), 'capstan-'))
  })
  afterAll(async () => {
    await simulator.close()
    await rm(folder, { recursive: true })
  })

  const failure = (step: string, code: string, remedy: string) => ({
    available: false,
    attempts: [{ step, cause: { code }, remedy: expect.stringContaining(remedy) }],
  })

  it('reports NOT_MACOS and starts no process on another platform', async () => {
    const before = simulator.calls().length
    const start = performance.now()
    const report = await discover(simulator, { platform: { os: 'linux', arch: 'arm64' } })
    expect(performance.now() - start).toBeLessThan(500)
    expect(report).toMatchObject(failure('find', 'NOT_MACOS', 'another runtime'))
    expect(simulator.calls()).toHaveLength(before)
  })

  it('reports NOT_APPLE_SILICON on an Intel processor', async () => {
    const report = await discover(simulator, { platform: { os: 'darwin', arch: 'x64' } })
    expect(report).toMatchObject(failure('find', 'NOT_APPLE_SILICON', 'another runtime'))
  })

  it('reports ENOENT with a download page when there is no command', async () => {
    const report = await discover({ command: join(folder, 'container') })
    expect(report).toMatchObject(failure('find', 'ENOENT', 'https://github.com/apple/container/releases'))
    expect(report).toMatchObject({ chosen: true })
  })

  it('reports TOO_OLD when the release has no command `image`', async () => {
    const old = await useSimulator({ release: { version: '0.4.1', macos: 15 } })
    expect(await discover(old)).toMatchObject(failure('version', 'TOO_OLD', 'container/releases'))
  })

  it('reports PROTOCOL_ERROR when another program has that name', async () => {
    const command = join(folder, 'other')
    await writeFile(command, '#!/bin/sh\necho other things\n')
    await chmod(command, 0o755)
    expect(await discover({ command })).toMatchObject(failure('version', 'PROTOCOL_ERROR', 'the path of the right one'))
  })

  it.each(['not running', 'unregistered'])(
    'reports SERVICE_STOPPED with the start command when the service is %s',
    async (status) => {
      await simulator.control({ service: { status } })
      expect(await discover(simulator)).toMatchObject(failure('service', 'SERVICE_STOPPED', 'container system start'))
      await simulator.control({ service: { status: 'running' } })
    },
  )

  it('reports TIMED_OUT and recommends no restart when the service does not answer in time', async () => {
    await simulator.control({ faults: [{ on: 'system status', kind: 'hang' }] })
    const plugin = { ...simulatedPlugin(simulator), probeTimeoutMs: 3000 }
    await using host = createRuntimeHost({ plugins: [plugin], env: {} })
    const [report] = await host.discover()
    expect(report).toMatchObject({ ...failure('service', 'TIMED_OUT', 'raise the limit'), chosen: true })
    expect(report?.attempts[0]?.remedy).not.toContain('system stop')
    await simulator.control({ faults: [] })
  })
})
