import {
  type ImageTransfer,
  imageBuilderCapability,
  imageManagerCapability,
  imageTransferCapability,
} from '@capstan/core'
import { expect } from '../assert/expect.js'
import { expectHostError, expectReason } from '../assert/expect-rejection.js'
import type { CaseContext } from '../case-context.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { expectPrints } from '../steps/containers.js'
import { buildImage, expectNoCredentials } from '../steps/images.js'

export const imagePushCases: readonly ConformanceCase[] = defineCases(imageTransferCapability, {
  'XFER-013': {
    title: 'an archive of saveImages contains all of the images',
    needs: [imageBuilderCapability],
    // Two builds, and a container of each image.
    timeLimitFactor: 2,
    run: async (context) => {
      const { runtime } = context
      const one = await buildImage(context, `FROM ${context.image}\nENV SAID=one\n`)
      const other = await buildImage(context, `FROM ${context.image}\nENV SAID=other\n`)
      const tar: Uint8Array[] = []
      for await (const chunk of await transfer(context).saveImages([one, other])) tar.push(chunk)
      for (const tag of [one, other]) await runtime.removeImage(tag)
      async function* chunks(): AsyncGenerator<Uint8Array> {
        yield* tar
      }
      const loaded = await transfer(context).loadImages(chunks())
      expect(loaded.includes(one) && loaded.includes(other), 'both among the loaded images', loaded)
      for (const [image, said] of [
        [one, 'one'],
        [other, 'other'],
      ] as const)
        await expectPrints(context, { image, command: context.programs.variable('SAID') }, said)
    },
  },
  'XFER-014': {
    title: 'saveImages rejects with IMAGE_NOT_FOUND and the absent image, and with INVALID_ARGUMENT for no image',
    run: async (context) => {
      const image = `${context.uniqueName('absent')}:1`
      const save = (...references: readonly string[]) => transfer(context).saveImages(references)
      await expectHostError('IMAGE_NOT_FOUND', () => save(context.image, image), { image })
      await expectHostError('INVALID_ARGUMENT', () => save(), { field: 'references' })
      await expectHostError('INVALID_ARGUMENT', () => save(context.image, '-x'), { field: 'references[1]' })
    },
  },
  'XFER-015': {
    title:
      'pushImage rejects with IMAGE_PUSH_FAILED and a reason when the registry refuses the connection; no credentials in it',
    needs: [imageManagerCapability],
    run: async (context) => {
      const image = `127.0.0.1:1/${context.uniqueName('pushed')}:1`
      context.defer(`image ${image}`, (options) => context.runtime.removeImage(image, options))
      await context.require(imageManagerCapability).tagImage(context.image, image)
      const events: unknown[] = []
      const credentials = { username: 'conformance-user', password: 'conformance-secret' }
      const push = () =>
        transfer(context).pushImage(image, { credentials, onProgress: (event) => void events.push(event) })
      const error = await expectHostError('IMAGE_PUSH_FAILED', push, { image })
      expect(error.facts.registryText.trim() !== '', 'a reason', error.facts)
      expectNoCredentials([error, events], credentials)
    },
  },
  'XFER-016': {
    title:
      'pushImage rejects with IMAGE_NOT_FOUND for an absent image, INVALID_ARGUMENT for an id, and the reason of an abort',
    run: async (context) => {
      const image = `127.0.0.1:1/${context.uniqueName('absent')}:1`
      await expectHostError('IMAGE_NOT_FOUND', () => transfer(context).pushImage(image), { image })
      const id = `sha256:${'a'.repeat(64)}`
      await expectHostError('INVALID_ARGUMENT', () => transfer(context).pushImage(id), { field: 'reference' })
      const reason = new Error('aborted by the case')
      const signal = AbortSignal.abort(reason)
      await expectReason(reason, () => transfer(context).pushImage(image, { signal }))
      await expectReason(reason, () => transfer(context).saveImages([context.image], { signal }))
    },
  },
})

function transfer(context: CaseContext): ImageTransfer {
  return context.require(imageTransferCapability)
}
