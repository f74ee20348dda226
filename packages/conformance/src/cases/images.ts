import { imageBuilderCapability, runtimeCapability } from '@capstan/core'
import { expect, expectDefined, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer } from '../steps/containers.js'
import { buildImage, findImage } from '../steps/images.js'

export const imageCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'IMG-001': {
    title: 'imageExists is true for a local image',
    run: async ({ runtime, image }) => expectEqual(await runtime.imageExists(image), true, 'imageExists'),
  },
  'IMG-002': {
    title: 'imageExists is false for an absent image',
    run: async ({ runtime, uniqueName }) =>
      expectEqual(await runtime.imageExists(`${uniqueName('absent')}:1`), false, 'imageExists'),
  },
  'IMG-003': {
    title: 'listImages lists an image once, with its id, tags and size',
    run: async (context) => {
      const images = await context.runtime.listImages({ signal: context.signal })
      const tagged = images.filter(({ tags }) => tags.includes(context.image))
      expectEqual(tagged.length, 1, `how many have the tag "${context.image}"`)
      const { id, sizeBytes = 1, createdAt } = expectDefined(tagged[0], 'the image')
      expect(id !== '' && sizeBytes > 0, 'an id and a size', { id, sizeBytes })
      expect(createdAt === undefined || !Number.isNaN(createdAt.getTime()), 'a valid date, or none', createdAt)
    },
  },
  'IMG-004': {
    title: 'listImages returns only images with all given labels',
    needs: [imageBuilderCapability],
    run: async (context) => {
      const caseLabel = context.uniqueName('case')
      const tag = await buildImage(context, `FROM ${context.image}\n`, { labels: { 'conformance.case': caseLabel } })
      const listed = await context.runtime.listImages({ labels: { 'conformance.case': caseLabel } })
      const listedTags = listed.flatMap(({ tags }) => tags)
      expectEqual(listedTags, [tag], 'the tags')
      expectEqual(await context.runtime.listImages({ labels: { 'conformance.case': 'none' } }), [], 'the other list')
    },
  },
  'IMG-005': {
    title: 'removeImage removes an image by its tag',
    needs: [imageBuilderCapability],
    run: async (context) => {
      const tag = await buildImage(context, `FROM ${context.image}\nLABEL conformance.one=1\n`)
      await context.runtime.removeImage(tag)
      expectEqual(await context.runtime.imageExists(tag), false, 'imageExists')
    },
  },
  'IMG-006': {
    title: 'removeImage resolves when the image was removed before',
    run: async ({ runtime, uniqueName }) => await runtime.removeImage(`${uniqueName('absent')}:1`),
  },
  'IMG-007': {
    title: 'removeImage rejects with IN_USE and the container when a container uses the image, and keeps the image',
    needs: [imageBuilderCapability],
    requiredOptions: ['name'],
    run: async (context) => {
      const tag = await buildImage(context, `FROM ${context.image}\nLABEL conformance.used=1\n`)
      const name = context.uniqueName('user')
      const user = await createContainer(context, { name, image: tag, command: context.programs.exit(0) })
      const { facts } = await expectHostError('IN_USE', () => context.runtime.removeImage(tag))
      const isNamed = facts.users.some((text) => text.includes(name) || user.startsWith(text) || text.includes(user))
      expect(isNamed, `the container "${name}" among the users`, facts.users)
      expectEqual(await context.runtime.imageExists(tag), true, 'imageExists')
    },
  },
  'IMG-008': {
    title: 'removeImage with an id removes the image and its tag',
    needs: [imageBuilderCapability],
    run: async (context) => {
      const tag = await buildImage(context, `FROM ${context.image}\nLABEL conformance.two=2\n`)
      const image = expectDefined(await findImage(context, tag), 'the image in the list')
      await context.runtime.removeImage(image.id)
      expectEqual(await context.runtime.imageExists(tag), false, 'imageExists')
    },
  },
  'IMG-009': {
    title: 'removeImage removes the base of another image, or rejects with IN_USE and that image, and keeps the base',
    needs: [imageBuilderCapability],
    run: async (context) => {
      const base = await buildImage(context, `FROM ${context.image}\nLABEL conformance.base=1\n`)
      const { id } = expectDefined(await findImage(context, base), 'the base in the list')
      const derived = await buildImage(context, `FROM ${base}\nLABEL conformance.derived=1\n`)
      const removing = context.runtime.removeImage(base).then(() => true)
      const removed = await removing.catch(async (error: unknown) => {
        const { facts } = await expectHostError('IN_USE', () => Promise.reject(error))
        expect(facts.users.includes(derived), `the image "${derived}" among the users`, facts.users)
        return false
      })
      expectEqual(await context.runtime.imageExists(base), !removed, 'imageExists of the tag')
      expectEqual(await context.runtime.imageExists(id), !removed, 'imageExists of the id')
    },
  },
})
