import {
  imageBuilderCapability,
  networkManagerCapability,
  runtimeCapability,
  type SweepOptions,
  volumeManagerCapability,
} from '@capstan/core'
import { ownershipLabelKeys, type StringMap, type SweepItem } from '@capstan/core/plugin'
import { expectEqual, toIds, toNames } from '../assert/expect.js'
import type { CaseContext } from '../case-context.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { type CaseConfig, createContainer, startContainer, untilState } from '../steps/containers.js'
import { buildImage } from '../steps/images.js'
import { createNetwork, onNetwork } from '../steps/networks.js'
import { createVolume, nameVolume } from '../steps/volumes.js'

// The sweep of a case sees only resources with the label of the case, so it removes nothing of other users of the engine.
export const sweepCases: readonly ConformanceCase[] = defineCases(
  { capability: runtimeCapability, requiredOptions: ['labels'] },
  {
    'SWP-001': {
      title: 'sweep removes running and other containers of an ended owner, and a second sweep finds nothing',
      run: async (context) => {
        const fixture = await createFixture(context, endedOwner)
        const running = await fixture.start({ command: context.programs.sleep(60) })
        const created = await fixture.create({})
        const { removed } = await fixture.sweep()
        expectEqual(removed.map(({ id }) => id).toSorted(), [running, created].toSorted(), 'the removed resources')
        expectEqual(await fixture.list(), [], 'the remaining resources')
        expectEqual((await fixture.sweep()).removed, [], 'the resources removed by the second sweep')
      },
    },
    'SWP-002': {
      title: 'sweep removes the network of an ended owner after the container on it',
      needs: [networkManagerCapability],
      requiredOptions: ['network'],
      run: async (context) => {
        const fixture = await createFixture(context, endedOwner)
        const networkId = await fixture.createNetwork()
        await fixture.start({ ...onNetwork(networkId), command: context.programs.sleep(60) })
        const { removed, kept, failed } = await fixture.sweep()
        expectEqual(toKinds(removed), ['container', 'network'], 'the kinds of the removed resources')
        expectEqual([kept, failed], [[], []], 'the remaining resources')
      },
    },
    'SWP-003': {
      title: 'sweep removes the volume of an ended owner',
      needs: [volumeManagerCapability],
      run: async (context) => {
        const fixture = await createFixture(context, endedOwner)
        const name = await fixture.createVolume()
        const { removed } = await fixture.sweep()
        expectEqual([toKinds(removed), toNames(removed)], [['volume'], [name]], 'the removed resources')
      },
    },
    'SWP-004': {
      title: 'sweep removes the image of an ended owner',
      needs: [imageBuilderCapability],
      run: async (context) => {
        const fixture = await createFixture(context, endedOwner)
        const tag = await fixture.build(`FROM ${context.image}\nENV SWEPT=1\n`)
        const { removed } = await fixture.sweep()
        expectEqual(toKinds(removed), ['image'], 'the kinds of the removed resources')
        expectEqual(await context.runtime.imageExists(tag), false, 'imageExists')
      },
    },
    'SWP-005': {
      title: 'sweep keeps the image of a running owner that is built on an image of an ended owner',
      needs: [imageBuilderCapability],
      run: async (context) => {
        const owner = await createFixture(context, endedOwner)
        const other = await createFixture(context, runningOwner, owner.caseLabel)
        const base = await owner.build(`FROM ${context.image}\nENV BASE=1\n`)
        const tag = await other.build(`FROM ${base}\nENV TOP=1\n`)
        await other.sweep()
        expectEqual(await context.runtime.imageExists(tag), true, 'imageExists of the image of the running owner')
      },
    },
    'SWP-006': {
      title: 'sweep keeps the resources of a running owner',
      run: async (context) => {
        const fixture = await createFixture(context, runningOwner)
        const id = await fixture.start({ command: context.programs.sleep(60) })
        const { removed, kept } = await fixture.sweep()
        expectEqual([removed, kept], [[], []], 'the removed or reported resources')
        expectEqual(await context.runtime.containerState(id), 'running', 'the state')
      },
    },
    'SWP-007': removes('an owner has ended when another process has its pid', {
      [ownershipLabelKeys.processStart]: '1',
    }),
    'SWP-008': removes('sweep removes resources that were created before the last boot of this machine', {
      [ownershipLabelKeys.bootId]: 'an-earlier-boot',
    }),
    'SWP-009': reports('sweep reports resources of another machine as kept', {
      [ownershipLabelKeys.machineId]: 'another-machine',
    }),
    'SWP-010': reports('sweep reports resources of another pid namespace as kept', {
      [ownershipLabelKeys.pidNamespace]: 'another-namespace',
    }),
    'SWP-011': {
      title: 'sweep keeps a running lease of an ended owner and removes it when it has exited',
      run: async (context) => {
        const fixture = await createFixture(context, endedOwner)
        const labels = { [ownershipLabelKeys.lifetime]: 'lease' }
        const id = await fixture.start({ labels, command: context.programs.sleep(60) })
        expectEqual((await fixture.sweep()).removed, [], 'the resources removed while it ran')
        await context.runtime.stopContainer(id, { graceMs: 0 })
        await untilState(context, id, 'exited')
        expectEqual(toIds((await fixture.sweep()).removed), [id], 'the resources removed after the exit')
      },
    },
    'SWP-012': {
      title: 'sweep keeps persistent resources of an ended owner',
      run: async (context) => {
        const fixture = await createFixture(context, endedOwner)
        const id = await fixture.create({ labels: { [ownershipLabelKeys.lifetime]: 'persistent' } })
        expectEqual((await fixture.sweep()).removed, [], 'the removed resources')
        expectEqual(await fixture.list(), [id], 'the remaining resources')
      },
    },
    'SWP-013': {
      title: 'dryRun returns what sweep would remove, and removes nothing',
      run: async (context) => {
        const fixture = await createFixture(context, endedOwner)
        const id = await fixture.create({})
        expectEqual(toIds((await fixture.sweep({ dryRun: true })).removed), [id], 'the resources to remove')
        expectEqual(await fixture.list(), [id], 'the remaining resources')
      },
    },
    'SWP-014': {
      title: 'sweep keeps a network that a container of a running owner uses, and reports the container',
      needs: [networkManagerCapability],
      requiredOptions: ['network'],
      run: async (context) => {
        const owner = await createFixture(context, endedOwner)
        const other = await createFixture(context, runningOwner, owner.caseLabel)
        const networkId = await owner.createNetwork()
        await other.start({ ...onNetwork(networkId), command: context.programs.sleep(60) })
        const { removed, kept } = await owner.sweep()
        expectEqual([toIds(removed), toIds(kept)], [[], [networkId]], 'the removed and the reported resources')
      },
    },
    'SWP-015': {
      title: 'sweep with an application name removes only resources of that application',
      run: async (context) => {
        const shop = await createFixture(context, { ...endedOwner, [ownershipLabelKeys.app]: 'shop' })
        const other = await createFixture(context, { ...endedOwner, [ownershipLabelKeys.app]: 'other' }, shop.caseLabel)
        const nameless = await createFixture(context, endedOwner, shop.caseLabel)
        const ids = [await shop.create({}), await other.create({}), await nameless.create({})]
        expectEqual(toIds((await shop.sweep({ app: 'shop' })).removed), ids.slice(0, 1), 'the removed resources')
        expectEqual((await shop.list()).toSorted(), ids.slice(1).toSorted(), 'the remaining resources')
        const { removed } = await shop.sweep({ app: null })
        expectEqual(toIds(removed).toSorted(), ids.slice(1).toSorted(), 'the resources removed without a filter')
      },
    },
    'SWP-016': {
      title: 'a container of a host without an application name does not inherit the application of its image',
      needs: [imageBuilderCapability],
      run: async (context) => {
        const shop = await createFixture(context, { ...endedOwner, [ownershipLabelKeys.app]: 'shop' })
        const image = await shop.build(`FROM ${context.image}\nENV SWEPT=1\n`)
        const nameless = await createFixture(context, endedOwner, shop.caseLabel)
        await nameless.create({ image })
        const { removed } = await shop.sweep({ app: 'shop', dryRun: true })
        expectEqual(toKinds(removed), ['image'], 'the kinds of what would be removed')
      },
    },
    'SWP-017': {
      title: 'sweep removes the volume that a mount of an ended owner created, after its container',
      needs: [volumeManagerCapability],
      requiredOptions: ['mounts', 'mounts.volume'],
      run: async (context) => {
        const fixture = await createFixture(context, endedOwner)
        const source = nameVolume(context)
        const labels = { [caseLabelKey]: fixture.caseLabel }
        await fixture.create({ mounts: [{ type: 'volume', source, target: '/data', labels }] })
        const { removed } = await fixture.sweep()
        expectEqual(toKinds(removed), ['container', 'volume'], 'the kinds of the removed resources')
      },
    },
    'SWP-018': {
      title: 'sweep removes an image of an ended owner with several tags, also when the first tag is gone',
      needs: [imageBuilderCapability],
      run: async (context) => {
        const fixture = await createFixture(context, endedOwner)
        const tags = [`${context.uniqueName('second')}:1`, `${context.uniqueName('third')}:1`]
        await context.runtime.removeImage(await fixture.build(`FROM ${context.image}\nENV SWEPT=18\n`, tags))
        const { removed, failed } = await fixture.sweep()
        expectEqual([toKinds(removed), failed], [['image'], []], 'the removed and the failed resources')
        for (const tag of tags) expectEqual(await context.runtime.imageExists(tag), false, `imageExists of ${tag}`)
      },
    },
  },
)

/** The sweep removes a container whose owner labels have these changes. */
function removes(title: string, changes: StringMap): CaseDefinition {
  return {
    title,
    run: async (context) => {
      const fixture = await createFixture(context, changes)
      const id = await fixture.create({})
      expectEqual(toIds((await fixture.sweep()).removed), [id], 'the removed resources')
    },
  }
}

/** The sweep reports and keeps a container of an ended owner whose owner labels have these changes. */
function reports(title: string, changes: StringMap): CaseDefinition {
  return {
    title,
    run: async (context) => {
      const fixture = await createFixture(context, { ...endedOwner, ...changes })
      const id = await fixture.create({})
      const { removed, kept } = await fixture.sweep()
      expectEqual([toIds(removed), toIds(kept)], [[], [id]], 'the removed and the reported resources')
      expectEqual(await fixture.list(), [id], 'the remaining resources')
    },
  }
}

/** Functions that create resources with changed owner labels and the label of the case, and a sweep limited to this label. */
async function createFixture(context: CaseContext, changes: StringMap, caseLabel = context.uniqueName('case')) {
  const labels = { [caseLabelKey]: caseLabel }
  const owner = await context.open({ relabel: (ownerLabels) => ({ ...ownerLabels, ...changes }) })
  const sweeper = await context.open({ onlyLabelled: labels })
  const withCaseLabel = (config: CaseConfig) => ({ ...config, labels: { ...config.labels, ...labels } })
  return {
    caseLabel,
    create: (config: CaseConfig) => createContainer(context, withCaseLabel(config), owner.runtime),
    start: (config: CaseConfig) => startContainer(context, withCaseLabel(config), owner.runtime),
    createNetwork: () => createNetwork(context, { labels }, owner),
    createVolume: () => createVolume(context, labels, owner),
    build: (dockerfile: string, tags: readonly string[] = []) =>
      buildImage(context, dockerfile, { tags, labels }, owner),
    sweep: (options: SweepOptions = {}) => sweeper.sweep({ signal: context.signal, ...options }),
    list: async () => toIds(await context.runtime.listContainers({ labels })),
  }
}

function toKinds(items: readonly SweepItem[]): readonly string[] {
  return items.map(({ kind }) => kind)
}

const caseLabelKey = 'conformance.case'
const runningOwner: StringMap = {}
// One more than the highest pid on Linux.
const endedOwner: StringMap = { [ownershipLabelKeys.pid]: '4194305' }
