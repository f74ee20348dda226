import {
  type ImageManager,
  imageBuilderCapability,
  imageManagerCapability,
  type OperationOptions,
  volumeManagerCapability,
} from '@capstan/core'
import { ownershipLabelKeys } from '@capstan/core/plugin'
import { expect, expectDefined, expectEqual, expectIncludes } from '../assert/expect.js'
import { expectHostError, expectReason } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { createContainer, expectPrints, runToExit, startReady } from '../steps/containers.js'
import { buildImage, findImage, getPlatform } from '../steps/images.js'

export const imageManagerCases: readonly ConformanceCase[] = defineCases(imageManagerCapability, {
  'IMGR-001': {
    title: 'inspectImage gives the same details of an image by its tag and by its id, as listImages does',
    run: async (context) => {
      const images = manager(context)
      const seen = await images.inspectImage(context.image, { signal: context.signal })
      const listed = expectDefined(await findImage(context, context.image), 'the image in the list')
      expectEqual(seen.id, listed.id, 'the id')
      expectEqual(seen.labels, listed.labels, 'the labels')
      expect(seen.tags.includes(context.image), `"${context.image}" among the tags`, seen.tags)
      expectIncludes(seen.platform, getPlatform(), 'the platform')
      const { createdAt } = seen
      expect(createdAt === undefined || !Number.isNaN(createdAt.getTime()), 'a valid date, or none', createdAt)
      // Other cases may tag the image meanwhile.
      const { tags: _tags, digests: _digests, ...rest } = await images.inspectImage(seen.id)
      expectEqual({ ...seen, ...rest }, seen, 'the inspection by the id')
    },
  },
  'IMGR-002': {
    title: 'inspectImage gives the settings of an image',
    needs: [imageBuilderCapability],
    run: async (context) => {
      const tag = await buildImage(context, settingsDockerfile(context.image))
      const { config, labels, layers } = await manager(context).inspectImage(tag)
      const { env, stopSignal, command, entrypoint, user, workingDirectory, exposedPorts, volumes } = config
      expectEqual(
        { command, entrypoint, user, workingDirectory, exposedPorts, volumes },
        {
          command: ['a b', 'c'],
          entrypoint: ['printf', '%s\\n'],
          user: '10:20',
          workingDirectory: '/conformance',
          exposedPorts: [
            { containerPort: 53, protocol: 'udp' },
            { containerPort: 8080, protocol: 'tcp' },
          ],
          volumes: ['/conformance-volume'],
        },
        'the settings',
      )
      expectEqual([env.SAID, env.EMPTY], ['a=b c', ''], 'the variables')
      // Podman 4.3 stores the number.
      expect(['SIGINT', '2'].includes(stopSignal ?? ''), 'SIGINT as the stop signal', stopSignal)
      expectEqual(labels['conformance.label'], 'x y', 'the label')
      expect(
        layers.every((layer) => /^\w+:[0-9a-f]{32,}$/.test(layer)),
        'digests of layers',
        layers,
      )
    },
  },
  'IMGR-003': {
    title: 'tagImage adds a tag, also by the id, and can be repeated; removing one tag keeps the image',
    needs: [imageBuilderCapability],
    run: async (context) => {
      const images = manager(context)
      const first = await buildImage(context, `FROM ${context.image}\nLABEL conformance.tagged=1\n`)
      const [second, third] = [newTag(context, 'second'), newTag(context, 'third')]
      await images.tagImage(first, second)
      await images.tagImage(first, second)
      const { id } = await images.inspectImage(second)
      await images.tagImage(id, third)
      expectEqual([...(await images.inspectImage(id)).tags].sort(), [first, second, third].sort(), 'the tags')
      await context.runtime.removeImage(first)
      expectEqual([...(await images.inspectImage(id)).tags].sort(), [second, third].sort(), 'the remaining tags')
    },
  },
  'IMGR-004': {
    title: 'tagImage moves a tag from another image, which is kept',
    needs: [imageBuilderCapability],
    run: async (context) => {
      const images = manager(context)
      const one = await buildImage(context, `FROM ${context.image}\nLABEL conformance.which=one\n`)
      const other = await buildImage(context, `FROM ${context.image}\nLABEL conformance.which=other\n`)
      const moved = newTag(context, 'moved')
      await images.tagImage(one, moved)
      await images.tagImage(other, moved)
      expectEqual((await images.inspectImage(moved)).labels['conformance.which'], 'other', 'the image with the tag')
      expectEqual((await images.inspectImage(one)).tags, [one], 'the tags of the earlier image')
    },
  },
  'IMGR-005': {
    title: 'imageHistory lists the steps, the last one first',
    needs: [imageBuilderCapability],
    run: async (context) => {
      const images = manager(context)
      const tag = await buildImage(
        context,
        `FROM ${context.image}\nENV FIRST=conformance-1\nENV SECOND=conformance-2\n`,
      )
      const steps = await images.imageHistory(tag)
      const at = (text: string) => steps.findIndex(({ createdBy }) => createdBy.includes(text))
      expect(at('conformance-1') > at('conformance-2') && at('conformance-2') >= 0, 'the second step first', steps)
      const [last] = steps
      const { id } = await images.inspectImage(tag)
      expect(last?.id === undefined || last.id === id, 'the id of the image, or none, in the last step', last)
      expect(
        steps.every(({ sizeBytes = 0 }) => sizeBytes >= 0),
        'sizes of at least 0',
        steps,
      )
    },
  },
  'IMGR-006': {
    title: 'inspectImage, tagImage and imageHistory of an absent image reject with IMAGE_NOT_FOUND',
    run: async (context) => {
      const image = `${context.uniqueName('absent')}:1`
      const images = manager(context)
      await expectHostError('IMAGE_NOT_FOUND', () => images.inspectImage(image), { image })
      await expectHostError('IMAGE_NOT_FOUND', () => images.imageHistory(image), { image })
      await expectHostError('IMAGE_NOT_FOUND', () => images.tagImage(image, newTag(context, 'tag')), { image })
    },
  },
  'IMGR-007': {
    title: 'invalid arguments reject with INVALID_ARGUMENT and the field, and nothing is created',
    run: async (context) => {
      const images = manager(context)
      const calls = {
        image: () => images.inspectImage('--all'),
        tag: () => images.tagImage(context.image, 'Upper:1'),
        id: () => images.commitContainer(''),
        'changes.labels["capstan.app"]': () =>
          images.commitContainer('x', { changes: { labels: { 'capstan.app': 'x' } } }),
        'changes.command': () => images.commitContainer('x', { changes: { command: [] } }),
        'changes.exposedPorts[0].containerPort': () =>
          images.commitContainer('x', { changes: { exposedPorts: [{ containerPort: 0, protocol: 'tcp' }] } }),
        // A caller in plain JavaScript may give fields that the type forbids.
        'changes.cmd': () => images.commitContainer('x', { changes: { cmd: ['a'] } as object }),
        pause: () => images.commitContainer('x', { pause: 1 as unknown as boolean }),
      }
      for (const [field, call] of Object.entries(calls)) await expectHostError('INVALID_ARGUMENT', call, { field })
      expectEqual(await context.listCreated(), [], 'the remaining resources')
    },
  },
  'IMGR-008': {
    title: 'commitContainer creates an image with the files of a running container, which continues to run',
    requiredOptions: ['commit', 'labels'],
    run: async (context) => {
      const { programs, runtime } = context
      const command = ['sh', '-c', 'echo kept > /conformance-file; echo ready; sleep 60']
      const id = await startReady(context, { command, labels: { 'conformance.own': 'of the container' } })
      const tag = newTag(context, 'committed')
      const imageId = await manager(context).commitContainer(id, { tag, message: 'a comment' })
      expectEqual(await runtime.containerState(id), 'running', 'the state of the container')
      await expectPrints(context, { image: tag, command: programs.read('/conformance-file') }, 'kept')
      const listed = expectDefined(await findImage(context, tag), 'the image in the list')
      expectEqual(listed.id, imageId, 'the id')
      expectEqual(listed.labels['conformance.own'], 'of the container', 'the label of the container')
      expectIncludes(listed.labels[ownershipLabelKeys.object] ?? '', 'image.', 'the object label')
      const [created, ...others] = (await context.listCreated()).filter((title) => title.startsWith('image '))
      expect(created?.includes(tag) === true && others.length === 0, 'the image among those of the owner', created)
    },
  },
  'IMGR-009': {
    title: 'an image of commitContainer has the settings of the container and the changes',
    requiredOptions: ['commit', 'env', 'workingDirectory', 'labels'],
    run: async (context) => {
      const images = manager(context)
      const config = {
        env: { KEPT: 'k 1', REPLACED: 'old' },
        workingDirectory: '/tmp',
        labels: { 'conformance.old': '1' },
      }
      const id = await createContainer(context, { ...config, command: ['echo', 'own'] })
      const tag = newTag(context, 'settings')
      await images.commitContainer(id, { tag })
      const own = await images.inspectImage(tag)
      expectEqual(
        [own.config.command, own.config.workingDirectory, own.config.env.KEPT, own.labels['conformance.old']],
        [['echo', 'own'], '/tmp', 'k 1', '1'],
        'the settings of the container',
      )
      const other = newTag(context, 'changed')
      await images.commitContainer(id, {
        tag: other,
        changes: {
          entrypoint: ['printf', '%s\\n'],
          env: { REPLACED: 'new', ADDED: 'a = "b" c' },
          user: '10:20',
          workingDirectory: '/',
          labels: { 'conformance.new': 'x y=z' },
          exposedPorts: [{ containerPort: 53, protocol: 'udp' }],
          volumes: ['/conformance volume'],
        },
      })
      const { config: changed, labels } = await images.inspectImage(other)
      const { command, entrypoint, user, workingDirectory, exposedPorts, volumes, env } = changed
      expectEqual(
        { command, entrypoint, user, workingDirectory, exposedPorts, volumes },
        {
          command: [],
          entrypoint: ['printf', '%s\\n'],
          user: '10:20',
          workingDirectory: '/',
          exposedPorts: [{ containerPort: 53, protocol: 'udp' }],
          volumes: ['/conformance volume'],
        },
        'the changed settings',
      )
      expectEqual([env.KEPT, env.REPLACED, env.ADDED], ['k 1', 'new', 'a = "b" c'], 'the variables')
      expectEqual([labels['conformance.old'], labels['conformance.new']], ['1', 'x y=z'], 'the labels')
    },
  },
  'IMGR-010': {
    title: 'commitContainer without a tag creates an untagged image; with a tag of another image it keeps that image',
    requiredOptions: ['commit'],
    run: async (context) => {
      const images = manager(context)
      const { id } = await runToExit(context, { command: context.programs.write('/conformance-file', 'x') })
      const untagged = await commit(context, id)
      expectEqual((await images.inspectImage(untagged)).tags, [], 'the tags')
      const tag = newTag(context, 'moved')
      await images.tagImage(untagged, tag)
      const second = await commit(context, id, tag)
      expectEqual((await images.inspectImage(tag)).id, second, 'the image with the tag')
      expectEqual((await images.inspectImage(untagged)).tags, [], 'the tags of the earlier image')
    },
  },
  'IMGR-011': {
    title: 'an image of commitContainer contains no file of a volume',
    needs: [volumeManagerCapability],
    requiredOptions: ['commit', 'mounts.volume'],
    run: async (context) => {
      const volumes = context.require(volumeManagerCapability)
      const source = context.uniqueName('volume')
      context.defer(`volume ${source}`, (options) => volumes.removeVolume(source, options))
      const command = context.programs.write('/conformance-mount/file', 'x')
      const mounts = [{ type: 'volume', source, target: '/conformance-mount' }] as const
      const { id, exitCode } = await runToExit(context, { command, mounts })
      expectEqual(exitCode, 0, 'the exit code of the program')
      const image = await commit(context, id)
      const read = await runToExit(context, { image, command: context.programs.read('/conformance-mount/file') })
      expect(read.exitCode !== 0, 'no such file', read)
    },
  },
  'IMGR-012': {
    title:
      'commitContainer rejects with CONTAINER_NOT_FOUND for an absent container, and with the reason of an abort, and creates no image',
    requiredOptions: ['commit'],
    run: async (context) => {
      const images = manager(context)
      const absent = context.uniqueName('absent')
      await expectHostError('CONTAINER_NOT_FOUND', () => images.commitContainer(absent), { id: absent })
      const id = await createContainer(context, { command: context.programs.exit(0) })
      const tag = newTag(context, 'aborted')
      const reason = new Error('aborted by the case')
      const aborted = AbortSignal.abort(reason)
      await expectReason(reason, () => images.commitContainer(id, { tag, signal: aborted }))
      const controller = new AbortController()
      const committing = images.commitContainer(id, { tag, signal: controller.signal })
      queueMicrotask(() => controller.abort(reason))
      await expectReason(reason, () => committing)
      expectEqual(await context.runtime.imageExists(tag), false, 'imageExists')
    },
  },
  'IMGR-013': {
    title: 'inspectImage, tagImage and imageHistory with an aborted signal reject with its reason and change nothing',
    run: async (context) => {
      const reason = new Error('aborted by the case')
      const options = { signal: AbortSignal.abort(reason) }
      const tag = newTag(context, 'aborted')
      const call = { images: manager(context), image: context.image, tag }
      for (const method of Object.values(toCalls(call, options))) await expectReason(reason, method)
      expectEqual(await context.runtime.imageExists(tag), false, 'imageExists')
    },
  },
  'IMGR-014': {
    title: 'inspectImage, tagImage and imageHistory reject with RUNTIME_UNAVAILABLE after close',
    run: async (context) => {
      const other = await context.open()
      const images = context.require(imageManagerCapability, other)
      await other.runtime.close()
      const call = { images, image: context.image, tag: newTag(context, 'closed') }
      for (const method of Object.values(toCalls(call, {}))) await expectHostError('RUNTIME_UNAVAILABLE', method)
    },
  },
})

function manager(context: CaseContext): ImageManager {
  return context.require(imageManagerCapability)
}

/** Returns a tag that is removed after the case. */
function newTag(context: CaseContext, word: string): string {
  const tag = `${context.uniqueName(word)}:1`
  context.defer(`image ${tag}`, (options) => context.runtime.removeImage(tag, options))
  return tag
}

/** Creates an image from a container, which is removed after the case. */
async function commit(context: CaseContext, id: string, tag?: string): Promise<string> {
  const image = await manager(context).commitContainer(id, tag === undefined ? {} : { tag })
  context.defer(`image ${image}`, (options) => context.runtime.removeImage(image, options))
  return image
}

interface MethodArguments {
  readonly images: ImageManager
  readonly image: string
  readonly tag: string
}

function toCalls({ images, image, tag }: MethodArguments, options: OperationOptions) {
  return {
    inspectImage: () => images.inspectImage(image, options),
    tagImage: () => images.tagImage(image, tag, options),
    imageHistory: () => images.imageHistory(image, options),
  }
}

function settingsDockerfile(image: string): string {
  return [
    `FROM ${image}`,
    'ENV SAID="a=b c" EMPTY=""',
    'LABEL conformance.label="x y"',
    'EXPOSE 8080 53/udp',
    'VOLUME /conformance-volume',
    'WORKDIR /conformance',
    'USER 10:20',
    'STOPSIGNAL SIGINT',
    'ENTRYPOINT ["printf", "%s\\\\n"]',
    'CMD ["a b", "c"]\n',
  ].join('\n')
}
