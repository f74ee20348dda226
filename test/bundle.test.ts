import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type BundleTrial,
  bundledOutput,
  bundleFormats,
  createBundleTrial,
  findForeignInputs,
} from './support/bundle-trial.js'

let trial: BundleTrial

beforeAll(async () => {
  trial = await createBundleTrial()
})

afterAll(async () => await trial[Symbol.asyncDispose]())

describe('an application that is bundled', () => {
  it.each(bundleFormats)('has no native modules in the format %s and runs', async (format) => {
    const resolveDir = fileURLToPath(new URL('.', import.meta.url))
    const { code, output, inputs } = await trial.run(format, { resolveDir, conditions: ['@capstan/source'] })
    expect(findForeignInputs(inputs)).toEqual([])
    expect(code, output).toBe(0)
    expect(JSON.parse(output)).toEqual(bundledOutput)
  })
})
