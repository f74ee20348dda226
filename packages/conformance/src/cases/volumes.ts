import {
  imageBuilderCapability,
  type Mount,
  type RemoveOptions,
  type VolumeInfo,
  type VolumeManager,
  volumeManagerCapability,
} from '@capstan/core'
import { ownershipLabelKeys, type StringMap } from '@capstan/core/plugin'
import { expect, expectDefined, expectEqual, toNames } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { type CaseConfig, createContainer, runAttached, runToExit } from '../steps/containers.js'
import { buildImage } from '../steps/images.js'
import { createVolume, nameVolume } from '../steps/volumes.js'

export const volumeCases: readonly ConformanceCase[] = defineCases(volumeManagerCapability, {
  'VOL-001': {
    title: 'createVolume resolves with the name that listVolumes shows',
    run: async (context) => {
      const volumes = context.require(volumeManagerCapability)
      const name = nameVolume(context)
      expectEqual(await volumes.createVolume(name), name, 'the result')
      const { createdAt } = await expectListed(context, name)
      expect(createdAt === undefined || !Number.isNaN(createdAt.getTime()), 'a valid date, or none', createdAt)
    },
  },
  'VOL-002': {
    title: 'createVolume rejects with NAME_CONFLICT and sameOwner true when the name is taken',
    run: async (context) => {
      const name = await createVolume(context)
      const create = () => context.require(volumeManagerCapability).createVolume(name)
      await expectHostError('NAME_CONFLICT', create, { name, sameOwner: true })
    },
  },
  'VOL-003': {
    title: 'createVolume rejects with NAME_CONFLICT and sameOwner false when another owner has the name',
    run: async (context) => {
      const name = await createVolume(context)
      const other = await openOther(context)
      await expectHostError('NAME_CONFLICT', () => other.createVolume(name), { name, sameOwner: false })
    },
  },
  'VOL-004': {
    title: 'removeVolume removes a volume and resolves when it was removed before',
    run: async (context) => {
      const volumes = context.require(volumeManagerCapability)
      const name = await createVolume(context)
      await volumes.removeVolume(name)
      expectEqual(await findVolume(context, name), undefined, 'its entry in the list')
      await volumes.removeVolume(name)
    },
  },
  'VOL-005': {
    title: 'removeVolume resolves when the volume never existed',
    run: async (context) => await context.require(volumeManagerCapability).removeVolume(context.uniqueName('never')),
  },
  'VOL-006': {
    title:
      'removeVolume rejects with IN_USE and the container when a container mounts the volume, and keeps the volume',
    requiredOptions: ['mounts', 'mounts.volume', 'name'],
    run: async (context) => {
      const source = await createVolume(context)
      const name = context.uniqueName('user')
      const id = await mountVolume(context, source, { name })
      const remove = () => context.require(volumeManagerCapability).removeVolume(source)
      const { facts } = await expectHostError('IN_USE', remove)
      const isNamed = facts.users.some((user) => user.includes(name) || id.startsWith(user))
      expect(isNamed, `the container "${name}" among the users`, facts.users)
      await expectListed(context, source)
    },
  },
  'VOL-007': {
    title: 'a named volume stays when its container is removed',
    requiredOptions: ['mounts', 'mounts.volume'],
    run: async (context) => {
      const source = await createVolume(context)
      const id = await mountVolume(context, source)
      await context.runtime.removeContainer(id)
      await expectListed(context, source)
    },
  },
  'VOL-008': {
    title: 'listVolumes returns labels, and only volumes with all given labels',
    run: async (context) => {
      const caseLabel = context.uniqueName('case')
      const wanted = await createVolume(context, { 'conformance.case': caseLabel, 'conformance.kind': 'a' })
      await createVolume(context, { 'conformance.case': caseLabel, 'conformance.kind': 'b' })
      const labels = { 'conformance.case': caseLabel, 'conformance.kind': 'a' }
      const listed = await context.require(volumeManagerCapability).listVolumes({ labels })
      expectEqual(toNames(listed), [wanted], 'the names')
      expectEqual(listed[0]?.labels['conformance.kind'], 'a', 'the label')
    },
  },
  'VOL-009': {
    title: 'a name can be used again after its volume was removed',
    run: async (context) => {
      const volumes = context.require(volumeManagerCapability)
      const name = await createVolume(context)
      await volumes.removeVolume(name)
      expectEqual(await volumes.createVolume(name), name, 'the result')
    },
  },
  'VOL-010': {
    title: 'listVolumes includes volumes of other owners',
    run: async (context) => {
      const name = await createVolume(context)
      const names = toNames(await (await openOther(context)).listVolumes({ signal: context.signal }))
      expect(names.includes(name), 'the volume of the other owner in the list', names)
    },
  },
  'VOL-011': {
    title: "removeContainer removes the anonymous volumes of the container's image, and keeps them with keepVolumes",
    requiredOptions: ['mounts', 'mounts.volume'],
    needs: [imageBuilderCapability],
    run: async (context) => {
      const { runtime, signal, programs } = context
      const remove = { keepVolumes: 'yes' } as unknown as RemoveOptions // not a boolean, on purpose
      await expectHostError('INVALID_ARGUMENT', () => runtime.removeContainer('any', remove), { field: 'keepVolumes' })
      const image = await buildImage(context, `FROM ${context.image}\nVOLUME /kept\n`)
      for (const keepVolumes of [false, true]) {
        const token = context.uniqueName('token')
        const before = new Set(await listAnonymous(context))
        const { id } = await runToExit(context, { image, command: programs.write('/kept/token', token) })
        await runtime.removeContainer(id, { ...(keepVolumes && { keepVolumes }), signal })
        // Another user of the engine may have created a volume meanwhile.
        const created = (await listAnonymous(context)).filter((name) => !before.has(name))
        const kept = await findWithToken(context, created, token)
        if (!keepVolumes) expectEqual(kept, undefined, 'the remaining volume with the file of the container')
        else if (kept !== undefined) await context.require(volumeManagerCapability).removeVolume(kept, { signal })
        else await reportWithoutVolumes(context, image)
      }
    },
  },
  'VOL-012': {
    title:
      'mounting an absent volume creates it with the labels of this host, and it stays when the container is removed',
    requiredOptions: ['mounts', 'mounts.volume', 'labels'],
    run: async (context) => {
      const source = nameVolume(context)
      const id = await mountVolume(context, source, { labels: { [ownershipLabelKeys.lifetime]: 'lease' } })
      const { labels } = await expectListed(context, source)
      expectEqual(pickOwner(labels), pickOwner(await readOwnLabels(context)), 'the labels of the owner')
      expectEqual(labels[ownershipLabelKeys.object], 'volume', 'the kind of the object')
      expectEqual(labels[ownershipLabelKeys.lifetime], 'lease', 'the lifetime, that of the container')
      await context.runtime.removeContainer(id)
      await expectListed(context, source)
    },
  },
  'VOL-013': {
    title: 'labels of a mount are set on a volume that it creates, and not on an existing volume',
    requiredOptions: ['mounts', 'mounts.volume'],
    run: async (context) => {
      const source = nameVolume(context)
      const toLabels = (kind: string) => ({ [ownershipLabelKeys.lifetime]: 'persistent', 'conformance.kind': kind })
      for (const kind of ['first', 'second']) {
        await mountVolume(context, source, { mounts: [toMount(source, toLabels(kind))] })
        const { labels } = await expectListed(context, source)
        expectEqual(labels['conformance.kind'], 'first', 'the label')
        expectEqual(labels[ownershipLabelKeys.lifetime], 'persistent', 'the lifetime')
      }
    },
  },
  'VOL-014': {
    title: 'a failed create removes the volume that it created and keeps existing volumes',
    requiredOptions: ['mounts', 'mounts.volume', 'name'],
    run: async (context) => {
      const name = context.uniqueName('holder')
      await createContainer(context, { name, command: context.programs.exit(0) })
      const kept = await createVolume(context)
      const absent = nameVolume(context)
      const mounts = [toMount(absent), { ...toMount(kept), target: '/other' }]
      await expectHostError('NAME_CONFLICT', () => createContainer(context, { name, mounts }))
      const image = `conformance.invalid/${context.uniqueName('absent')}`
      await expectHostError('IMAGE_NOT_FOUND', () => createContainer(context, { image, pull: 'never', mounts }))
      expectEqual(await findVolume(context, absent), undefined, 'the entry of the absent volume in the list')
      await expectListed(context, kept)
    },
  },
  'VOL-015': {
    title: 'two concurrent creates can mount the same absent volume',
    requiredOptions: ['mounts', 'mounts.volume'],
    run: async (context) => {
      const source = nameVolume(context)
      await Promise.all([mountVolume(context, source), mountVolume(context, source)])
      const { labels } = await expectListed(context, source)
      expectEqual(pickOwner(labels), pickOwner(await readOwnLabels(context)), 'the labels of the owner')
    },
  },
})

/** Counts the case as absent if a container of the image has no volume of its own, else fails. */
async function reportWithoutVolumes(context: CaseContext, image: string): Promise<void> {
  const before = await listAnonymous(context)
  await createContainer(context, { image, command: context.programs.exit(0) })
  const after = await listAnonymous(context)
  expectEqual(after.length, before.length, 'the number of volumes after a create, since none was kept')
  context.reportAbsent('anonymous volumes', 'the runtime creates no volume for a VOLUME of an image')
}

/** Finds the volume whose file `token` has this text. The containers that read it are removed. */
async function findWithToken(
  context: CaseContext,
  names: readonly string[],
  token: string,
): Promise<string | undefined> {
  for (const name of names) {
    const config = { mounts: [toMount(name)], command: context.programs.read('/data/token') }
    const { id, stdout } = await runAttached(context, config)
    await context.runtime.removeContainer(id)
    if (stdout.trim() === token) return name
  }
  return undefined
}

/** Creates a container that mounts the volume. */
function mountVolume(context: CaseContext, source: string, config: CaseConfig = {}): Promise<string> {
  return createContainer(context, { mounts: [toMount(source)], command: context.programs.exit(0), ...config })
}

function toMount(source: string, labels?: StringMap): Mount {
  return { type: 'volume', source, target: '/data', ...(labels && { labels }) }
}

/** The labels that `createVolume` of this host sets. */
async function readOwnLabels(context: CaseContext): Promise<StringMap> {
  const name = await createVolume(context)
  return (await expectListed(context, name)).labels
}

function pickOwner(labels: StringMap): StringMap {
  const isOwner = ([key]: readonly [string, string]) =>
    key.startsWith('capstan.owner.') || key === ownershipLabelKeys.app
  return Object.fromEntries(Object.entries(labels).filter(isOwner).sort())
}

/** The volumes that were not created by Capstan. */
async function listAnonymous(context: CaseContext): Promise<readonly string[]> {
  const listed = await context.require(volumeManagerCapability).listVolumes({ signal: context.signal })
  return listed.filter(({ labels }) => labels[ownershipLabelKeys.instance] === undefined).map(({ name }) => name)
}

async function expectListed(context: CaseContext, name: string): Promise<VolumeInfo> {
  return expectDefined(await findVolume(context, name), `the volume "${name}" in the list`)
}

async function findVolume(context: CaseContext, name: string) {
  const listed = await context.require(volumeManagerCapability).listVolumes({ signal: context.signal })
  return listed.find((volume) => volume.name === name)
}

async function openOther(context: CaseContext): Promise<VolumeManager> {
  return context.require(volumeManagerCapability, await context.open())
}
