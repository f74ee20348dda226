import { createRuntimeHost, type RuntimePlugin } from '@capstan/core'
import { ownershipLabelKeys } from '@capstan/core/plugin'
import { memoryPlugin } from '@capstan/runtime-memory'
import { describe, expect, it } from 'vitest'
import { toSweepPage } from '../../src/render/sweep-page.js'
import { runCapstan } from '../support/run-capstan.js'

const page = { width: 80, style: (_: string, text: string) => text }

describe('capstan sweep', () => {
  it('keeps the resources of a running owner', async () => {
    const plugin = memoryPlugin()
    await using host = createRuntimeHost({ plugins: [plugin] })
    const scope = await host.open({ runtime: 'memory' })
    await scope.runtime.createContainer({ image: 'busybox' })
    const swept = await runCapstan(['sweep', '--runtime', 'memory', '--json'], { plugins: [plugin] })
    expect(JSON.parse(swept.stdout)).toEqual({
      schemaVersion: 1,
      dryRun: false,
      runtimes: [{ runtime: 'memory', removed: [], kept: [], failed: [] }],
    })
    const [container] = await scope.runtime.listContainers()
    expect(container?.labels).toHaveProperty([ownershipLabelKeys.instance])
  })

  it('reports a runtime whose probe fails, and exits with 125', async () => {
    const silent: RuntimePlugin = {
      name: 'silent',
      contractVersion: 1,
      probe: () => Promise.reject(new Error('out of order')),
      register: () => undefined,
    }
    const swept = await runCapstan(['sweep'], { plugins: [silent] })
    expect(swept.exitCode).toBe(125)
    expect(swept.stdout).toMatch(/^Could not be checked\n[\s\S]*silent[\s\S]*out of order/)
    const { stdout, exitCode } = await runCapstan(['sweep', '--json'], { plugins: [silent] })
    const unavailable = { chosen: false, attempts: [{ cause: { message: 'out of order' } }] }
    expect(JSON.parse(stdout)).toMatchObject({ runtimes: [{ runtime: 'silent', unavailable, removed: [] }] })
    expect(exitCode).toBe(125)
  })

  it('exits with 125 when no runtime is available', async () => {
    expect(await runCapstan(['sweep'], { plugins: [] })).toMatchObject({ exitCode: 125 })
  })

  it('accepts the name of an application, and rejects an invalid one', async () => {
    const plugins = [memoryPlugin()]
    const argv = ['sweep', '--runtime', 'memory', '--app']
    expect(await runCapstan([...argv, 'shop'], { plugins })).toMatchObject({ exitCode: 0 })
    expect(await runCapstan([...argv, 'a b'], { plugins })).toMatchObject({
      exitCode: 125,
      stderr: expect.stringContaining('app'),
    })
  })

  it('finds the resources of the commands by the name capstan', async () => {
    const plugin = memoryPlugin()
    await runCapstan(['--runtime', 'memory', 'run', '-d', 'busybox', 'sleep', '60'], { plugins: [plugin] })
    await using host = createRuntimeHost({ plugins: [plugin] })
    const scope = await host.open({ runtime: 'memory' })
    const [container] = await scope.runtime.listContainers()
    expect(container?.labels).toMatchObject({ [ownershipLabelKeys.app]: 'capstan' })
  })

  it('does not sweep a simulation that is not named', async () => {
    expect((await runCapstan(['sweep'], { plugins: [memoryPlugin()] })).stdout).toContain(
      'No runtime is available to sweep',
    )
  })
})

describe('toSweepPage', () => {
  const item = { kind: 'container', id: 'abc', name: 'web', owner: 'x (process 1)' } as const

  it('shows names of volumes unchanged, and shortens digests', () => {
    const volumes = ['capstan-buildkit-0123456789abcdef-state', 'capstan-buildkit-0123456789abcdef-socket']
    const removed = [
      ...volumes.map((name) => ({ ...item, kind: 'volume', id: name, name }) as const),
      { ...item, kind: 'image', id: `sha256:${'a'.repeat(64)}`, name: '' } as const,
    ]
    const shown = toSweepPage([{ runtime: 'docker', removed, kept: [], failed: [] }], { dryRun: true, page })
    for (const name of volumes) expect(shown).toContain(`   ${name}\n`)
    expect(shown).toContain(`   sha256:${'a'.repeat(12)}\n`)
  })

  it('shows removed, kept and failed resources with reasons', () => {
    const report = {
      runtime: 'docker',
      removed: [item],
      kept: [{ ...item, kind: 'network', reason: 'created on another machine' }],
      failed: [{ ...item, kind: 'image', error: new Error('in use') }],
    } as const
    expect(toSweepPage([report], { dryRun: false, page })).toBe(
      [
        'Removed',
        '',
        'RUNTIME   KIND        NAME',
        'docker    container   web',
        '',
        'Kept, because it may still be in use',
        '',
        'RUNTIME   KIND      NAME   REASON',
        'docker    network   web    created on another machine',
        '',
        '→ Run the sweep on the machine that created the resource. To remove it anyway,',
        "use `capstan rm --force NAME` for a container, and the engine's own command for",
        'any other resource.',
        '',
        'Could not be removed',
        '',
        'RUNTIME   KIND    NAME   REASON',
        'docker    image   web    in use',
        '',
      ].join('\n'),
    )
  })

  it('states that a dry run removes nothing', () => {
    const report = { runtime: 'docker', removed: [item], kept: [], failed: [] }
    expect(toSweepPage([report], { dryRun: true, page })).toMatch(/^Would be removed\n/)
  })
})
