import { imageBuilderCapability, imageTransferCapability } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { expectAnyHostError, expectHostError, expectReason } from '../assert/expect-rejection.js'
import { within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { readAll } from '../steps/collect.js'
import { expectPrints } from '../steps/containers.js'
import { buildImage, expectNoCredentials, findImage } from '../steps/images.js'

export const imageTransferCases: readonly ConformanceCase[] = defineCases(imageTransferCapability, {
  'XFER-001': {
    title: 'saveImage gives a tar archive',
    run: async (context) => {
      const tar = await readAll(await save(context, context.image))
      expectEqual(tar.length % 512, 0, 'its length modulo 512')
      expectEqual(tar.subarray(257, 262).toString('latin1'), 'ustar', 'the magic number of a tar archive')
    },
  },
  'XFER-002': {
    title: 'an image that was saved and removed exists and runs after loadImages',
    needs: [imageBuilderCapability],
    run: async (context) => {
      const { runtime } = context
      const tag = await buildImage(context, `FROM ${context.image}\nENV SAID=carried\n`)
      const tar = await readAll(await save(context, tag))
      await runtime.removeImage(tag)
      expectEqual(await runtime.imageExists(tag), false, 'imageExists after the removal')
      const loaded = await load(context, [tar])
      expect(loaded.includes(tag), `"${tag}" among the loaded images`, loaded)
      await expectPrints(context, { image: tag, command: context.programs.variable('SAID') }, 'carried')
    },
  },
  'XFER-003': {
    title: 'loadImages of an existing image changes nothing',
    run: async (context) => {
      const find = async () => (await findImage(context, context.image))?.id
      const before = await find()
      const loaded = await load(context, await save(context, context.image))
      expect(loaded.includes(context.image), `"${context.image}" among the loaded images`, loaded)
      expectEqual(await find(), before, 'the id of the image')
    },
  },
  'XFER-004': {
    title: 'loadImages accepts chunks of any size',
    run: async (context) => {
      const tar = await readAll(await save(context, context.image))
      const pieces = Array.from({ length: Math.ceil(tar.length / 7001) }, (_, at) =>
        tar.subarray(at * 7001, (at + 1) * 7001),
      )
      const loaded = await load(context, pieces)
      expect(loaded.includes(context.image), `"${context.image}" among the loaded images`, loaded)
    },
  },
  'XFER-005': {
    title: 'saveImage of an absent image fails with IMAGE_NOT_FOUND, in the call or in the stream',
    run: async (context) => {
      const image = `${context.uniqueName('absent')}:1`
      const read = async () => await readAll(await save(context, image))
      await expectHostError('IMAGE_NOT_FOUND', read, { image })
    },
  },
  'XFER-006': {
    title: 'loadImages of data that is no archive rejects with a HostError',
    run: async (context) => {
      await expectAnyHostError(() => load(context, [Buffer.from('no archive at all\n'.repeat(100))]))
    },
  },
  'XFER-007': {
    title: 'loadImages rejects with the error of its source, an error that it caused, or a HostError',
    run: async (context) => {
      const tar = await readAll(await save(context, context.image))
      const failure = new Error('the source has failed')
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield tar.subarray(0, 2048)
        throw failure
      }
      const transfer = context.require(imageTransferCapability)
      const loading = transfer.loadImages(broken(), { signal: context.signal })
      const outcome = await loading.catch((error: unknown) => ({ error }))
      expect('error' in outcome, 'a rejection', outcome)
      const { error } = outcome
      const isReported = error === failure || (error instanceof Error && error.cause === failure)
      if (!isReported) await expectAnyHostError(() => Promise.reject(error))
    },
  },
  'XFER-008': {
    title:
      'pullImage rejects with IMAGE_PULL_FAILED, the reference and a reason when the registry refuses the connection',
    run: async (context) => {
      const image = '127.0.0.1:1/conformance/absent:1'
      const pull = () => context.require(imageTransferCapability).pullImage(image, { signal: context.signal })
      const { facts } = await expectHostError('IMAGE_PULL_FAILED', pull, { image })
      expect(facts.registryText.trim() !== '', 'a reason', facts)
    },
  },
  'XFER-009': {
    title: 'errors and progress contain no credentials',
    run: async (context) => {
      const events: unknown[] = []
      const credentials = { username: 'conformance-user', password: 'conformance-secret' }
      const onProgress = (event: unknown) => void events.push(event)
      const image = '127.0.0.1:1/conformance/absent:1'
      const pull = () => context.require(imageTransferCapability).pullImage(image, { credentials, onProgress })
      const error = await expectHostError('IMAGE_PULL_FAILED', pull)
      expectNoCredentials([error, events], credentials)
    },
  },
  'XFER-010': {
    title: 'leaving the loop over a saved archive destroys its stream and keeps the image',
    run: async (context) => {
      const stream = await save(context, context.image)
      for await (const _ of stream) break
      expectEqual(stream.destroyed, true, 'whether the stream is destroyed')
      expectEqual(await context.runtime.imageExists(context.image), true, 'imageExists')
    },
  },
  'XFER-011': {
    title: 'aborting loadImages rejects with the reason itself',
    run: async (context) => {
      const controller = new AbortController()
      const reason = new Error('aborted by the case')
      async function* endless(): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(512)
        controller.abort(reason)
        await new Promise<never>(() => {})
      }
      const transfer = context.require(imageTransferCapability)
      await expectReason(reason, () => transfer.loadImages(endless(), { signal: controller.signal }))
    },
  },
  'XFER-012': {
    title: 'aborting saveImage makes its stream fail with the reason itself',
    run: async (context) => {
      const controller = new AbortController()
      const reason = new Error('aborted by the case')
      const transfer = context.require(imageTransferCapability)
      const stream = await transfer.saveImage(context.image, { signal: controller.signal })
      controller.abort(reason)
      await expectReason(reason, () => within(5000, 'the end of the stream', readAll(stream)))
    },
  },
})

function save(context: CaseContext, reference: string) {
  return context.require(imageTransferCapability).saveImage(reference, { signal: context.signal })
}

async function load(
  context: CaseContext,
  tar: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<readonly string[]> {
  async function* toAsync(): AsyncGenerator<Uint8Array> {
    yield* tar
  }
  return await context.require(imageTransferCapability).loadImages(toAsync(), { signal: context.signal })
}
