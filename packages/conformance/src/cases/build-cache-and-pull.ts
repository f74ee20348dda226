import { imageBuilderCapability } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { expectAnyHostError } from '../assert/expect-rejection.js'
import { type ConformanceCase, defineCases } from '../conformance-case.js'
import { buildImage, recordProgress } from '../steps/images.js'

/** Cases of the build cache and of pulls of the base image. */
export const buildCacheAndPullCases: readonly ConformanceCase[] = defineCases(imageBuilderCapability, {
  'BLD-024': {
    title: 'noCache runs every step again',
    run: async (context) => {
      const word = context.uniqueName('said')
      // The Dockerfile does not contain the printed line, because builders print the Dockerfile as well.
      const dockerfile = `FROM ${context.image}\nRUN printf '%s-%s\\n' ${word} aloud\n`
      await buildImage(context, dockerfile)
      const { events, onProgress } = recordProgress()
      await buildImage(context, dockerfile, { noCache: true, onProgress })
      const lines = events.map(({ text }) => text)
      expect(
        lines.some((text) => text.includes(`${word}-aloud`)),
        'the output of the step in the second build',
        lines,
      )
    },
  },
  'BLD-025': {
    title: 'pull requests the base image from the registry even when it is local; without pull no request is sent',
    run: async (context) => {
      const { runtime, signal } = context
      const builder = context.require(imageBuilderCapability)
      // No registry listens on port 1.
      const base = `127.0.0.1:1/conformance/${context.uniqueName('base')}:1`
      context.defer(`image ${base}`, (options) => runtime.removeImage(base, options))
      await builder.buildImage(`FROM ${context.image}\n`, base, { signal })
      const tag = await buildImage(context, `FROM ${base}\nENV SAID=yes\n`)
      expectEqual(await runtime.imageExists(tag), true, 'imageExists')
      const absent = `${context.uniqueName('pulled')}:1`
      context.defer(`image ${absent}`, (options) => runtime.removeImage(absent, options))
      const build = builder.buildImage(`FROM ${base}\nENV SAID=no\n`, absent, { pull: true, signal })
      await expectAnyHostError(() => build, ['IMAGE_PULL_FAILED', 'BUILD_FAILED'])
      expectEqual(await runtime.imageExists(absent), false, 'imageExists after the failure')
    },
  },
})
