import {
  findCapability,
  imageBuilderCapability,
  type Mount,
  type VolumeManager,
  volumeManagerCapability,
} from '@capstan/core'
import { ownershipLabelKeys, type StringMap } from '@capstan/core/plugin'
import { expect, expectDefined, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, startContainer } from '../steps/containers.js'
import { buildImage } from '../steps/images.js'
import { createVolume } from '../steps/volumes.js'

export const volumeCases: readonly ConformanceCase[] = defineCases({ capability: volumeManagerCapability }, [
  {
    id: 'VOL-001',
    title: 'createVolume resolves with the name, under which the volume is listed',
    run: async (context) => {
      const volumes = context.require(volumeManagerCapability)
      const name = context.uniqueName('volume')
      context.defer(name, (own) => volumes.removeVolume(name, own))
      expectEqual(await volumes.createVolume(name), name, 'the result')
      const { createdAt } = expectDefined(await findVolume(context, name), 'the volume in the list')
      expect(createdAt === undefined || !Number.isNaN(createdAt.getTime()), 'a valid date, or none', createdAt)
    },
  },
  {
    id: 'VOL-002',
    title: 'a taken name is NAME_CONFLICT, and the holder is ours',
    run: async (context) => {
      const name = await createVolume(context)
      const create = () => context.require(volumeManagerCapability).createVolume(name)
      await expectHostError('NAME_CONFLICT', create, { name, ours: true })
    },
  },
  {
    id: 'VOL-003',
    title: 'a name taken by another owner is NAME_CONFLICT, and the holder is not ours',
    run: async (context) => {
      const name = await createVolume(context)
      const other = await openOther(context)
      await expectHostError('NAME_CONFLICT', () => other.createVolume(name), { name, ours: false })
    },
  },
  {
    id: 'VOL-004',
    title: 'removeVolume removes it, and resolves for one that is gone',
    run: async (context) => {
      const volumes = context.require(volumeManagerCapability)
      const name = await createVolume(context)
      await volumes.removeVolume(name)
      expectEqual(await findVolume(context, name), undefined, 'what the list has of it')
      await volumes.removeVolume(name)
    },
  },
  {
    id: 'VOL-005',
    title: 'removeVolume resolves for a volume that never was',
    run: async (context) => await context.require(volumeManagerCapability).removeVolume(context.uniqueName('never')),
  },
  {
    id: 'VOL-006',
    title: 'removeVolume of a volume that a container has mounted is IN_USE naming it, and it stays',
    requiredOptions: ['mounts', 'mounts.volume', 'name'],
    run: async (context) => {
      const source = await createVolume(context)
      const name = context.uniqueName('user')
      const mounts = [{ type: 'volume', source, target: '/kept' }] as const
      const id = await createContainer(context, { name, mounts, command: context.programs.exit(0) })
      const remove = () => context.require(volumeManagerCapability).removeVolume(source)
      const { facts } = await expectHostError('IN_USE', remove)
      const isNamed = facts.users.some((user) => user.includes(name) || id.startsWith(user))
      expect(isNamed, `the container "${name}" among the users`, facts.users)
      expectDefined(await findVolume(context, source), 'the volume in the list')
    },
  },
  {
    id: 'VOL-007',
    title: 'a named volume outlives the container that had mounted it',
    requiredOptions: ['mounts', 'mounts.volume'],
    run: async (context) => {
      const source = await createVolume(context)
      const mounts = [{ type: 'volume', source, target: '/kept' }] as const
      const id = await createContainer(context, { mounts, command: context.programs.exit(0) })
      await context.runtime.removeContainer(id)
      expectDefined(await findVolume(context, source), 'the volume in the list')
    },
  },
  {
    id: 'VOL-008',
    title: 'listVolumes gives labels, and holds only what carries all that are asked for',
    run: async (context) => {
      const mark = context.uniqueName('mark')
      const wanted = await createVolume(context, { 'conformance.mark': mark, 'conformance.kind': 'a' })
      await createVolume(context, { 'conformance.mark': mark, 'conformance.kind': 'b' })
      const labels = { 'conformance.mark': mark, 'conformance.kind': 'a' }
      const listed = await context.require(volumeManagerCapability).listVolumes({ labels })
      expectEqual(
        listed.map(({ name }) => name),
        [wanted],
        'the names',
      )
      expectEqual(listed[0]?.labels['conformance.kind'], 'a', 'the label')
    },
  },
  {
    id: 'VOL-009',
    title: 'the name of a volume that was removed is free',
    run: async (context) => {
      const volumes = context.require(volumeManagerCapability)
      const name = await createVolume(context)
      await volumes.removeVolume(name)
      expectEqual(await volumes.createVolume(name), name, 'the result')
    },
  },
  {
    id: 'VOL-010',
    title: 'listVolumes has what another owner has made, too',
    run: async (context) => {
      const name = await createVolume(context)
      const listed = await (await openOther(context)).listVolumes({ signal: context.signal })
      expect(
        listed.some((volume) => volume.name === name),
        "the other's volume in the list",
        listed.length,
      )
    },
  },
  {
    id: 'VOL-011',
    title: 'a volume that the image asks for goes with its container',
    needs: [imageBuilderCapability],
    run: async (context) => {
      const image = await buildImage(context, `FROM ${context.image}\nVOLUME /kept\n`)
      const left = [await findLeftoverVolumes(context, image), await findLeftoverVolumes(context, image)]
      // Another user of the engine may have made one meanwhile, but hardly both times.
      expect(
        left.some((names) => names.length === 0),
        'nothing left of the volumes that came with the container',
        left,
      )
    },
  },
  {
    id: 'VOL-012',
    title:
      'an absent volume that a container mounts is created with the labels of this host, and outlives the container',
    requiredOptions: ['mounts', 'mounts.volume', 'labels'],
    run: async (context) => {
      const source = nameVolume(context)
      const labels = { [ownershipLabelKeys.lifetime]: 'lease' }
      const id = await createContainer(context, { mounts: mount(source), labels, command: context.programs.exit(0) })
      const { labels: made } = expectDefined(await findVolume(context, source), 'the volume in the list')
      expectEqual(pickOwner(made), pickOwner(await readOwnLabels(context)), 'the labels of the owner')
      expectEqual(made[ownershipLabelKeys.object], 'volume', 'the kind of the object')
      expectEqual(made[ownershipLabelKeys.lifetime], 'lease', 'the lifetime, that of the container')
      await context.runtime.removeContainer(id)
      expectDefined(await findVolume(context, source), 'the volume after the container is gone')
    },
  },
  {
    id: 'VOL-013',
    title: 'labels of a mount are on the volume that it creates, and not on one that exists',
    requiredOptions: ['mounts', 'mounts.volume'],
    run: async (context) => {
      const source = nameVolume(context)
      const wish = (kind: string) => ({ [ownershipLabelKeys.lifetime]: 'persistent', 'conformance.kind': kind })
      for (const kind of ['first', 'second']) {
        await createContainer(context, { mounts: mount(source, wish(kind)), command: context.programs.exit(0) })
        const { labels } = expectDefined(await findVolume(context, source), 'the volume in the list')
        expectEqual(labels['conformance.kind'], 'first', 'the label')
        expectEqual(labels[ownershipLabelKeys.lifetime], 'persistent', 'the lifetime')
      }
    },
  },
  {
    id: 'VOL-014',
    title: 'a create that fails leaves no volume of its own, and keeps one that exists',
    requiredOptions: ['mounts', 'mounts.volume', 'name'],
    run: async (context) => {
      const name = context.uniqueName('holder')
      await createContainer(context, { name, command: context.programs.exit(0) })
      const kept = await createVolume(context)
      const absent = nameVolume(context)
      const mounts = [...mount(absent), { type: 'volume', source: kept, target: '/other' }] as const
      await expectHostError('NAME_CONFLICT', () => createContainer(context, { name, mounts }))
      const image = `conformance.invalid/${context.uniqueName('absent')}`
      await expectHostError('IMAGE_NOT_FOUND', () => createContainer(context, { image, pull: 'never', mounts }))
      expectEqual(await findVolume(context, absent), undefined, 'what the list has of the absent volume')
      expectDefined(await findVolume(context, kept), 'the volume that existed')
    },
  },
  {
    id: 'VOL-015',
    title: 'two containers that are created at once can mount one absent volume',
    requiredOptions: ['mounts', 'mounts.volume'],
    run: async (context) => {
      const source = nameVolume(context)
      const config = { mounts: mount(source), command: context.programs.exit(0) }
      await Promise.all([createContainer(context, config), createContainer(context, config)])
      const { labels } = expectDefined(await findVolume(context, source), 'the volume in the list')
      expectEqual(pickOwner(labels), pickOwner(await readOwnLabels(context)), 'the labels of the owner')
    },
  },
])

/** The name of a volume that does not exist; removed after the case. */
function nameVolume(context: CaseContext): string {
  const name = context.uniqueName('mounted')
  context.defer(name, (own) => context.require(volumeManagerCapability).removeVolume(name, own))
  return name
}

function mount(source: string, labels?: StringMap): readonly [Mount] {
  return [{ type: 'volume', source, target: '/kept', ...(labels && { labels }) }]
}

/** Labels as `createVolume` of this host gives them. */
async function readOwnLabels(context: CaseContext): Promise<StringMap> {
  const name = await createVolume(context)
  return expectDefined(await findVolume(context, name), 'a volume in the list').labels
}

function pickOwner(labels: StringMap): StringMap {
  const isOwner = ([key]: readonly [string, string]) =>
    key.startsWith('capstan.owner.') || key === ownershipLabelKeys.app
  return Object.fromEntries(Object.entries(labels).filter(isOwner).sort())
}

/** Anonymous volumes that came while a container of the image ran, and are there after it was removed. */
async function findLeftoverVolumes(context: CaseContext, image: string): Promise<readonly string[]> {
  const before = new Set(await listAnonymous(context))
  const id = await startContainer(context, { image, command: context.programs.sleep(60) })
  const made = (await listAnonymous(context)).filter((name) => !before.has(name))
  await context.runtime.removeContainer(id)
  const after = new Set(await listAnonymous(context))
  return made.filter((name) => after.has(name))
}

/** Those that nobody has made by `createVolume`. */
async function listAnonymous(context: CaseContext): Promise<readonly string[]> {
  const listed = await context.require(volumeManagerCapability).listVolumes({ signal: context.signal })
  return listed.filter(({ labels }) => labels[ownershipLabelKeys.instance] === undefined).map(({ name }) => name)
}

async function findVolume(context: CaseContext, name: string) {
  const listed = await context.require(volumeManagerCapability).listVolumes({ signal: context.signal })
  return listed.find((volume) => volume.name === name)
}

async function openOther(context: CaseContext): Promise<VolumeManager> {
  const found = findCapability(await context.open(), volumeManagerCapability)
  return expectDefined(found, 'volumes in the other scope')
}
