import { imageBuilderCapability, runtimeCapability } from '@capstan/core'
import { expectEqual } from '../assert/expect.js'
import { expectReason } from '../assert/expect-rejection.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { buildImage } from '../steps/images.js'

export const imageHomeCases: readonly ConformanceCase[] = defineCases(runtimeCapability, {
  'HOME-001': {
    title: 'getImageHomeDir of an absent image is /root, and the image is not pulled',
    run: async ({ runtime, uniqueName }) => {
      const image = `${uniqueName('absent')}:1`
      expectEqual(await runtime.getImageHomeDir(image), '/root', 'the home')
      expectEqual(await runtime.imageExists(image), false, 'imageExists afterwards')
    },
  },
  'HOME-002': {
    title: 'getImageHomeDir of an invalid image name is /root',
    run: async ({ runtime }) => expectEqual(await runtime.getImageHomeDir('-no image\n'), '/root', 'the home'),
  },
  'HOME-003': hasHome('is HOME of its env, unchanged', 'ENV HOME=/srv/data', '/srv/data'),
  'HOME-004': hasHome('with a named user is the home of that user', 'USER node', '/home/node'),
  'HOME-005': hasHome('with a user and a group is the home of the user', 'USER node:staff', '/home/node'),
  'HOME-006': hasHome('with a numeric user is /root', 'USER 1000:1000', '/root'),
  'HOME-007': hasHome('with HOME and a user is HOME', 'USER node\nENV HOME=/elsewhere', '/elsewhere'),
  'HOME-008': {
    title: 'getImageHomeDir rejects with the reason of an aborted signal',
    run: async ({ runtime, image }) => {
      const reason = new Error('aborted before the call')
      await expectReason(reason, () => runtime.getImageHomeDir(image, { signal: AbortSignal.abort(reason) }))
    },
  },
})

function hasHome(description: string, instructions: string, home: string): CaseDefinition {
  return {
    title: `getImageHomeDir of an image ${description}`,
    needs: [imageBuilderCapability],
    run: async (context) => {
      const tag = await buildImage(context, `FROM ${context.image}\n${instructions}\n`)
      expectEqual(await context.runtime.getImageHomeDir(tag), home, 'the home')
    },
  }
}
