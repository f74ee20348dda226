import {
  imageBuilderCapability,
  networkManagerCapability,
  runtimeCapability,
  sidecarManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import {
  type NewObject,
  ownershipLabelKeys,
  parseOwnerLabels,
  type StringMap,
  toObjectLabels,
} from '@capstan/core/plugin'
import { expect, expectDefined, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, expectListed } from '../steps/containers.js'
import { buildImage, findImage } from '../steps/images.js'
import { createNetwork } from '../steps/networks.js'
import { createVolume } from '../steps/volumes.js'

export const ownershipCases: readonly ConformanceCase[] = [
  ...defineCases(runtimeCapability, {
    'OWN-001': {
      title: 'a container has labels of its owner, its kind of object and its lifetime',
      run: async (context) => {
        const id = await createContainer(context, {})
        expectOwned((await expectListed(context, id)).labels, { kind: 'container' })
      },
    },
    'OWN-002': {
      title: 'two hosts in one process are two owners',
      run: async (context) => {
        const { runtime: other } = await context.open()
        const ids = [await createContainer(context, {}), await createContainer(context, {}, other)]
        const listed = await context.runtime.listContainers()
        const owners = ids.map((id) => listed.find((entry) => entry.id === id)?.labels[ownershipLabelKeys.instance])
        expect(owners[0] !== owners[1] && !owners.includes(undefined), 'two instances', owners)
      },
    },
    'OWN-003': {
      title: 'the lifetime can be set to lease or persistent',
      requiredOptions: ['labels'],
      run: async (context) => {
        for (const lifetime of ['lease', 'persistent'] as const) {
          const id = await createContainer(context, { labels: { [ownershipLabelKeys.lifetime]: lifetime } })
          const { labels } = await expectListed(context, id)
          expectEqual(labels[ownershipLabelKeys.lifetime], lifetime, 'the lifetime')
        }
      },
    },
    'OWN-004': {
      title:
        'a container label that begins with "capstan.", other than capstan.lifetime, rejects with INVALID_ARGUMENT, and nothing is created',
      requiredOptions: ['labels'],
      run: async (context) => {
        const create = () => createContainer(context, { labels: reservedLabels })
        await expectHostError('INVALID_ARGUMENT', create, { field: reservedField })
        expectEqual(await context.listCreated(), [], 'the remaining resources')
      },
    },
    'OWN-005': {
      title: 'a built image has labels of its owner and its tag',
      needs: [imageBuilderCapability],
      run: async (context) => {
        const tag = await buildImage(context, `FROM ${context.image}\n`)
        expectOwned(await findImageLabels(context, tag), { kind: 'image', tag })
      },
    },
    'OWN-006': {
      title: 'an image that is built on a built image has its own owner and tag',
      needs: [imageBuilderCapability],
      run: async (context) => {
        const base = await buildImage(context, `FROM ${context.image}\nENV BASE=1\n`, {}, await context.open())
        const tag = await buildImage(context, `FROM ${base}\nENV TOP=1\n`)
        const [below, above] = [await findImageLabels(context, base), await findImageLabels(context, tag)]
        expectOwned(above, { kind: 'image', tag })
        const { instance } = ownershipLabelKeys
        expect(below[instance] !== above[instance], 'two owners', above)
      },
    },
    'OWN-007': {
      title: 'a container of a built image has its own owner and the kind container',
      needs: [imageBuilderCapability],
      run: async (context) => {
        const image = await buildImage(context, `FROM ${context.image}\n`)
        const { runtime: other } = await context.open()
        const id = await createContainer(context, { image }, other)
        const { labels } = await expectListed(context, id)
        expectOwned(labels, { kind: 'container' })
        const { instance } = ownershipLabelKeys
        const imageLabels = await findImageLabels(context, image)
        expect(labels[instance] !== imageLabels[instance], 'the owner of the container, not of the image', labels)
      },
    },
    'OWN-008': {
      title:
        'a build label that begins with "capstan.", other than capstan.lifetime, rejects with INVALID_ARGUMENT, and nothing is built',
      needs: [imageBuilderCapability],
      run: async (context) => {
        const tag = `${context.uniqueName('labelled')}:1`
        const builder = context.require(imageBuilderCapability)
        const build = () => builder.buildImage(`FROM ${context.image}\n`, tag, { labels: reservedLabels })
        await expectHostError('INVALID_ARGUMENT', build, { field: reservedField })
        expectEqual(await context.runtime.imageExists(tag), false, 'imageExists')
      },
    },
  }),
  ...defineCases(networkManagerCapability, {
    'OWN-009': {
      title: 'a network has labels of its owner, its kind of object and its lifetime',
      run: async (context) => {
        const id = await createNetwork(context)
        const listed = await context.require(networkManagerCapability).listNetworks()
        expectOwned(listed.find((network) => network.id === id)?.labels, { kind: 'network' })
      },
    },
    'OWN-010': {
      title:
        'a network label that begins with "capstan.", other than capstan.lifetime, rejects with INVALID_ARGUMENT, and nothing is created',
      run: async (context) => {
        const create = () => createNetwork(context, { labels: reservedLabels })
        await expectHostError('INVALID_ARGUMENT', create, { field: reservedField })
        expectEqual(await context.listCreated(), [], 'the remaining resources')
      },
    },
  }),
  ...defineCases(volumeManagerCapability, {
    'OWN-011': {
      title: 'a volume has labels of its owner, its kind of object and its lifetime',
      run: async (context) => {
        const name = await createVolume(context)
        const listed = await context.require(volumeManagerCapability).listVolumes()
        expectOwned(listed.find((volume) => volume.name === name)?.labels, { kind: 'volume' })
      },
    },
    'OWN-012': {
      title:
        'a volume label that begins with "capstan.", other than capstan.lifetime, rejects with INVALID_ARGUMENT, and nothing is created',
      run: async (context) => {
        await expectHostError('INVALID_ARGUMENT', () => createVolume(context, reservedLabels), { field: reservedField })
        expectEqual(await context.listCreated(), [], 'the remaining resources')
      },
    },
  }),
  ...defineCases(
    { capability: sidecarManagerCapability, requiredOptions: ['name'] },
    {
      'OWN-013': {
        title: 'a sidecar has labels of its owner, its kind of object and its lifetime, which inspectContainer returns',
        run: async (context) => {
          const sidecars = context.require(sidecarManagerCapability)
          const { image, programs, signal } = context
          const config = { image, name: context.uniqueName('sidecar'), command: programs.sleep(60) }
          const id = await sidecars.startSidecar(config, { signal })
          context.defer(id, (options) => context.runtime.removeContainer(id, options))
          expectOwned((await sidecars.inspectContainer(id)).labels, { kind: 'container' })
        },
      },
    },
  ),
  ...defineCases(imageBuilderCapability, {
    'OWN-014': {
      title: 'an image that is built with several tags has labels of its owner and all tags',
      run: async (context) => {
        const tags = [`${context.uniqueName('second')}:1`, `${context.uniqueName('third')}:1`]
        const tag = await buildImage(context, `FROM ${context.image}\nENV SAID=tagged\n`, { tags })
        expectOwned(await findImageLabels(context, tag), { kind: 'image', tag, tags })
      },
    },
  }),
]

function expectOwned(labels: StringMap | undefined, object: NewObject): void {
  const seen = expectDefined(labels, `the ${object.kind} in the list`)
  const owner = expectDefined(parseOwnerLabels(seen), 'the six labels of an owner')
  expectEqual(owner.pid, process.pid, 'the process of the owner')
  for (const [key, value] of Object.entries(toObjectLabels(object, {}))) expectEqual(seen[key], value, `label ${key}`)
}

async function findImageLabels(context: CaseContext, tag: string): Promise<StringMap> {
  return expectDefined(await findImage(context, tag), 'the image in the list').labels
}

const reservedLabels: StringMap = { 'capstan.owner.pid': '1' }
const reservedField = 'labels["capstan.owner.pid"]'
