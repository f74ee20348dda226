import { describe, expect, it } from 'vitest'
import type { Owner } from '../../src/contract/owner.js'
import type { SweepItem } from '../../src/contract/sweep-report.js'
import {
  type NetworkInfo,
  networkManagerCapability,
  runtimeCapability,
  type SweepOptions,
  swarmManagerCapability,
  volumeManagerCapability,
} from '../../src/index.js'
import type { ProcessReader } from '../../src/ownership/process-reader.js'
import { sweepRuntime } from '../../src/ownership/sweep.js'
import { type StringMap, toObjectLabels, toOwnerLabels } from '../../src/plugin.js'
import { createScope } from '../fakes/create-scope.js'
import {
  FakeEngine,
  FakeNetworkManager,
  FakeRuntime,
  FakeSwarmManager,
  FakeVolumeManager,
} from '../fakes/fake-runtime.js'

const here: Owner = {
  instanceId: 'here',
  pid: 1,
  processStart: '100',
  bootId: 'boot',
  pidNamespace: 'ns',
  machineId: 'machine',
}
const dead: Owner = { ...here, instanceId: 'dead', pid: 7, processStart: '50' }
const living: Owner = { ...here, instanceId: 'living', pid: 8, processStart: '60' }

/** Pid 8 runs since 60; pid 9 runs too, since 90; pid 10 runs, and may not be read. */
const reader: ProcessReader = {
  readStart: async (pid) => ({ 1: '100', 8: '60', 9: '90', 10: 'unknown' })[pid],
  readBootId: async () => 'boot',
  readPidNamespace: async () => 'ns',
  readMachineId: async () => 'machine',
}

class Table {
  readonly engine = new FakeEngine()
  readonly runtime = new FakeRuntime(this.engine)

  container(id: string, labels: StringMap, state: 'running' | 'exited' | 'unknown' = 'exited'): void {
    this.engine.containers.set(id, { id, name: id, image: 'x', state, createdAt: undefined, labels })
  }

  network(id: string, labels: StringMap): void {
    this.engine.networks.set(id, { id, name: id, internal: false, subnets: [], labels })
  }

  volume(name: string, labels: StringMap): void {
    this.engine.volumes.set(name, { name, labels, createdAt: undefined, mountpoint: undefined })
  }

  service(id: string, labels: StringMap, running = 0): void {
    const settings = { image: 'x', replicas: 1, isJob: false, running, desired: 1, ports: [], labels }
    this.engine.services.set(id, { id, name: id, ...settings })
  }

  image(id: string, labels: StringMap, tags: readonly string[] = [id]): void {
    this.engine.images.set(id, { id, tags, digests: [], sizeBytes: 1, createdAt: undefined, labels })
  }

  sweep(options: SweepOptions = {}, own: Owner = here, processes: ProcessReader = reader) {
    const scope = createScope(
      [runtimeCapability, this.runtime],
      [networkManagerCapability, new FakeNetworkManager(this.engine)],
      [volumeManagerCapability, new FakeVolumeManager(this.engine)],
      [swarmManagerCapability, new FakeSwarmManager(this.engine)],
    )
    return sweepRuntime(scope, own, options, processes)
  }
}

const labelsOf = (owner: Owner, kind: Exclude<SweepItem['kind'], 'image'> = 'container', own: StringMap = {}) =>
  toObjectLabels({ kind }, toOwnerLabels(owner), own)
const imageLabelsOf = (owner: Owner, tag: string) => toObjectLabels({ kind: 'image', tag }, toOwnerLabels(owner))

describe('a sweep', () => {
  it('removes objects of an owner that has ended: containers, then networks, volumes, images', async () => {
    const table = new Table()
    table.image('i', imageLabelsOf(dead, 'i:latest'))
    table.volume('v', labelsOf(dead, 'volume'))
    table.network('n', labelsOf(dead, 'network'))
    table.container('c', labelsOf(dead))
    const { removed } = await table.sweep()
    expect(table.engine.removals).toEqual(['c', 'n', 'v', 'i'])
    expect(removed.map(({ kind, id }) => `${kind} ${id}`)).toEqual(['container c', 'network n', 'volume v', 'image i'])
    expect(removed[0]?.owner).toBe('dead (process 7)')
  })

  it('removes services first, and their secrets and configs before networks, but no container of a service', async () => {
    const table = new Table()
    const stored = { createdAt: new Date(0) }
    table.network('n', labelsOf(dead, 'network'))
    table.engine.configs.set('g', { id: 'g', name: 'g', labels: labelsOf(dead, 'config'), ...stored })
    table.engine.secrets.set('s', { id: 's', name: 's', labels: labelsOf(dead, 'secret'), ...stored })
    table.container('c', labelsOf(dead))
    table.container('task', labelsOf(dead, 'service'), 'running')
    table.service('w', labelsOf(dead, 'service'), 3)
    const { removed } = await table.sweep()
    expect(removed.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'service w',
      'container c',
      'secret s',
      'config g',
      'network n',
    ])
    expect([...table.engine.containers.keys()]).toEqual(['task'])
  })

  it('ignores a network of a cluster whose services the runtime does not manage', async () => {
    const table = new Table()
    const owned = labelsOf(dead, 'network')
    const network: NetworkInfo = { id: 'n', name: 'n', internal: false, subnets: [], scope: 'cluster', labels: owned }
    table.engine.networks.set('n', network)
    const scope = createScope(
      [runtimeCapability, table.runtime],
      [networkManagerCapability, new FakeNetworkManager(table.engine)],
    )
    expect(await sweepRuntime(scope, here, {}, reader)).toMatchObject({ removed: [], kept: [], failed: [] })
    expect(await table.sweep()).toMatchObject({ removed: [{ id: 'n' }] })
  })

  it('keeps a lease of a service while a task of it runs', async () => {
    const table = new Table()
    const lease = labelsOf(dead, 'service', { 'capstan.lifetime': 'lease' })
    table.service('idle', lease)
    table.service('busy', lease, 1)
    expect(await table.sweep()).toMatchObject({ removed: [{ id: 'idle' }], kept: [{ kind: 'service', id: 'busy' }] })
  })

  it('removes nothing when it runs again', async () => {
    const table = new Table()
    table.container('c', labelsOf(dead))
    await table.sweep()
    expect(await table.sweep()).toEqual({ runtime: 'fake', removed: [], kept: [], failed: [] })
  })

  it('keeps objects of an owner that runs, of this host and of other software', async () => {
    const table = new Table()
    table.container('living', labelsOf(living))
    table.container('mine', labelsOf(here))
    table.container('stranger', { app: 'x' })
    table.container('tampered', { ...labelsOf(dead), 'capstan.owner.pid': 'x' })
    expect((await table.sweep()).removed).toEqual([])
  })

  it("removes objects whose owner's pid is now used by another process", async () => {
    const table = new Table()
    table.container('c', labelsOf({ ...dead, pid: 9, processStart: '40' }))
    expect((await table.sweep()).removed).toMatchObject([{ id: 'c' }])
  })

  it('removes objects of an owner of an earlier boot', async () => {
    const table = new Table()
    table.container('c', labelsOf({ ...living, bootId: 'earlier' }))
    expect((await table.sweep()).removed).toMatchObject([{ id: 'c' }])
  })

  it('keeps and reports objects of a running process whose start cannot be read', async () => {
    const table = new Table()
    table.container('c', labelsOf({ ...dead, pid: 10 }))
    expect(await table.sweep()).toMatchObject({ removed: [], kept: [{ id: 'c' }] })
  })

  it.each(['0', '-7', '1e3', '0x7', ' 7', '7.0'])('ignores labels with pid %j', async (pid) => {
    const table = new Table()
    table.container('c', { ...labelsOf(dead), 'capstan.owner.pid': pid })
    expect((await table.sweep()).removed).toEqual([])
  })

  it.each([
    ['another machine', { machineId: 'other' }],
    ['another pid namespace', { pidNamespace: 'other' }],
    ['a system that does not tell', { processStart: 'unknown' }],
  ])('keeps and reports objects of an owner on %s', async (_, fields) => {
    const table = new Table()
    table.container('c', labelsOf({ ...dead, ...fields }))
    expect(await table.sweep()).toMatchObject({ removed: [], kept: [{ id: 'c', reason: expect.any(String) }] })
  })

  it('judges an owner only on its own machine, whatever processes and boot another machine has', async () => {
    const there: Owner = { ...here, instanceId: 'there', machineId: 'other', bootId: 'other boot' }
    const table = new Table()
    // Pid 7 runs on the other machine only, pid 8 on this one only, and the boots differ.
    table.container('runs there', labelsOf({ ...there, instanceId: 'a', pid: 7 }))
    table.container('pid of here', labelsOf({ ...there, instanceId: 'b', pid: 8, processStart: '60' }))
    table.container('ended here', labelsOf(dead))
    const reason = 'created on another machine'
    const kept = ['runs there', 'pid of here'].map((id) => ({ id, reason }))
    expect(await table.sweep({ dryRun: true })).toMatchObject({ removed: [{ id: 'ended here' }], kept })
    const otherReader = { ...reader, readStart: async (pid: number) => ({ 7: '100' })[pid] }
    expect(await table.sweep({}, there, otherReader)).toMatchObject({
      removed: [{ id: 'pid of here' }],
      kept: [{ id: 'ended here', reason }],
    })
  })

  it('keeps and reports a running container with the lifetime `lease` whose owner has ended, and omits persistent objects', async () => {
    const table = new Table()
    const lease = { 'capstan.lifetime': 'lease' }
    table.container('running', labelsOf(dead, 'container', lease), 'running')
    table.container('ended', labelsOf(dead, 'container', lease))
    table.container('kept', labelsOf(dead, 'container', { 'capstan.lifetime': 'persistent' }))
    const reason = 'its lifetime is "lease" and it is running; remove it if it is not in use'
    expect(await table.sweep()).toMatchObject({
      removed: [{ id: 'ended' }],
      kept: [{ id: 'running', reason }],
      failed: [],
    })
  })

  it('keeps a running container with the lifetime `lease` whose owner runs, and does not report it', async () => {
    const table = new Table()
    table.container('c', labelsOf(living, 'container', { 'capstan.lifetime': 'lease' }), 'running')
    expect(await table.sweep()).toMatchObject({ removed: [], kept: [], failed: [] })
  })

  it('keeps and reports a container with the lifetime `lease` whose state is unknown', async () => {
    const table = new Table()
    table.container('c', labelsOf(dead, 'container', { 'capstan.lifetime': 'lease' }), 'unknown')
    const reason = expect.stringContaining('does not know whether it is running')
    expect(await table.sweep()).toMatchObject({ removed: [], failed: [], kept: [{ id: 'c', reason }] })
  })

  it('keeps and reports a container with the lifetime `lease` that was started after it was listed', async () => {
    const table = new Table()
    const labels = labelsOf(dead, 'container', { 'capstan.lifetime': 'lease' })
    for (const id of ['first', 'second']) table.container(id, labels)
    const { engine } = table
    const remove = engine.remove.bind(engine)
    engine.remove = (from, id) => {
      table.container('second', labels, 'running')
      return remove(from, id)
    }
    expect(await table.sweep()).toMatchObject({ removed: [{ id: 'first' }], kept: [{ id: 'second' }], failed: [] })
    expect([...engine.containers.keys()]).toEqual(['second'])
  })

  it('removes a container with the lifetime `lease` that the list of the engine still reports as running', async () => {
    const table = new Table()
    table.container('c', labelsOf(dead, 'container', { 'capstan.lifetime': 'lease' }), 'running')
    table.runtime.containerState = async () => 'exited'
    expect(await table.sweep()).toMatchObject({ removed: [{ id: 'c' }], kept: [], failed: [] })
  })

  it.each([
    { users: ['their-container'], reason: 'in use by their-container' },
    { users: [], reason: 'in use' },
  ])('keeps and reports an object that is in use: $reason', async ({ users, reason }) => {
    const table = new Table()
    table.network('n', labelsOf(dead, 'network'))
    table.engine.used.set('n', users)
    expect(await table.sweep()).toMatchObject({ removed: [], failed: [], kept: [{ id: 'n', reason }] })
  })

  it('keeps a container that inherited its labels from an image', async () => {
    const table = new Table()
    // The engine lets a container inherit the labels of its image.
    table.container('theirs', imageLabelsOf(dead, 'app'))
    expect((await table.sweep()).removed).toEqual([])
  })

  it('removes an image that was built with several tags, by any tag that it still has', async () => {
    const table = new Table()
    const labels = toObjectLabels({ kind: 'image', tag: 'one', tags: ['two', 'three:3'] }, toOwnerLabels(dead))
    for (const tag of ['one:latest', 'two:latest', 'three:3', 'four:latest']) table.image(tag, labels, [tag])
    const { removed } = await table.sweep()
    expect(removed.map(({ id }) => id)).toEqual(['one:latest', 'two:latest', 'three:3'])
  })

  it('keeps an image that inherited its labels from its base image', async () => {
    const table = new Table()
    table.image('theirs', imageLabelsOf(dead, 'base'), ['theirs:1'])
    table.image('ours', imageLabelsOf(dead, 'base'), ['base:latest'])
    expect((await table.sweep()).removed).toMatchObject([{ id: 'ours' }])
  })

  it('reports failed removals and continues', async () => {
    const table = new Table()
    table.container('c', labelsOf(dead))
    table.volume('v', labelsOf(dead, 'volume'))
    table.engine.remove = (store, id) =>
      id === 'c' ? Promise.reject(new Error('busy')) : Promise.resolve(void store.delete(id))
    expect(await table.sweep()).toMatchObject({
      removed: [{ id: 'v' }],
      failed: [{ id: 'c', error: { message: 'busy' } }],
    })
  })

  it('with dryRun, reports what it would remove and removes nothing', async () => {
    const table = new Table()
    table.container('c', labelsOf(dead))
    expect((await table.sweep({ dryRun: true })).removed).toMatchObject([{ id: 'c' }])
    expect(table.engine.removals).toEqual([])
  })

  it('rejects with the reason of an abort', async () => {
    const reason = new Error('stop')
    const table = new Table()
    table.container('c', labelsOf(dead))
    await expect(table.sweep({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(table.engine.removals).toEqual([])
  })

  describe('with an application', () => {
    const table = new Table()
    table.container('shop', toObjectLabels({ kind: 'container' }, toOwnerLabels({ ...dead, app: 'shop' })))
    table.volume('other', toObjectLabels({ kind: 'volume' }, toOwnerLabels({ ...dead, app: 'other' })))
    table.image('nameless', toObjectLabels({ kind: 'image', tag: 'nameless' }, toOwnerLabels(dead)))
    const sweep = async (options: SweepOptions, own?: Owner) =>
      (await table.sweep({ dryRun: true, ...options }, own)).removed.map(({ name }) => name)

    it('removes only objects of that application', async () => {
      expect(await sweep({ app: 'shop' })).toEqual(['shop'])
      expect(await sweep({ app: 'sho' })).toEqual([])
    })

    it('uses the application of the host by default', async () => {
      expect(await sweep({}, { ...here, app: 'other' })).toEqual(['other'])
      expect(await sweep({ app: 'shop' }, { ...here, app: 'other' })).toEqual(['shop'])
    })

    it('removes objects of all applications and of none, with null and for a host without a name', async () => {
      expect(await sweep({ app: null }, { ...here, app: 'other' })).toEqual(['shop', 'other', 'nameless'])
      expect(await sweep({})).toEqual(['shop', 'other', 'nameless'])
    })
  })
})
