import { checkPackage } from '@arethetypeswrong/core'
import { problemAffectsResolutionKind } from '@arethetypeswrong/core/problems'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

/**
 * Checks the manifest with publint, and with arethetypeswrong that the types of each entry resolve for ESM programs and
 * bundlers. Their findings about CommonJS are ignored, because the packages are ESM only.
 *
 * @param {import('./pack-all.mjs').PackedPackage} packed
 * @returns {Promise<readonly import('../source/violation.mjs').Violation[]>}
 */
export async function findTarballViolations({ path, bytes, content }) {
  const texts = [...(await lint(bytes)), ...(await checkTypes(content))]
  return texts.map((text) => ({ path, text }))
}

/** @param {Buffer} bytes */
async function lint(bytes) {
  const tarball = Uint8Array.from(bytes).buffer
  const { messages, pkg } = await publint({ pack: { tarball }, level: 'warning', strict: true })
  return messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`)
}

/** @param {import('@arethetypeswrong/core').Package} content */
async function checkTypes(content) {
  const result = await checkPackage(content)
  if (!result.types) return ['has no types']
  const relevant = result.problems.filter((problem) => {
    return resolutions.some((resolution) => problemAffectsResolutionKind(problem, resolution, result))
  })
  return relevant.map((problem) => `arethetypeswrong: ${JSON.stringify(problem)}`)
}

const resolutions = /** @type {const} */ (['node16-esm', 'bundler'])
