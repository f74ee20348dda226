import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type BundleTrial,
  bundledOutput,
  bundleFormats,
  createBundleTrial,
  findForeignInputs,
} from '../support/bundle-trial.js'
import { installAll, type PackedInstallation } from './packed-installation.js'

let installed: PackedInstallation
let trial: BundleTrial

beforeAll(async () => {
  installed = await installAll()
  trial = await createBundleTrial()
}, 240_000)

afterAll(async () => {
  await trial[Symbol.asyncDispose]()
  await installed[Symbol.asyncDispose]()
})

describe('an application with the packed packages', () => {
  it.each(bundleFormats)(
    'is bundled in the format %s without native modules and runs in another folder',
    async (format) => {
      const { code, output, inputs } = await trial.run(format, { resolveDir: installed.app })
      expect(findForeignInputs(inputs)).toEqual([])
      expect(inputs.some((path) => path.includes('@capstan/runtime-docker/dist/'))).toBe(true)
      expect(code, output).toBe(0)
      expect(JSON.parse(output)).toEqual(bundledOutput)
    },
  )
})
