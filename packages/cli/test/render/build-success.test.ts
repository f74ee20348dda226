import { expect, it } from 'vitest'
import { toSuccessText } from '../../src/render/build-success.js'

const facts = { names: 'app:1', runtime: 'docker', took: ' with BuildKit in 3s' }

it.each([
  [{ type: 'load', tags: [] }, 'Built app:1 on docker with BuildKit in 3s'],
  [{ type: 'push', tags: [] }, 'Built and pushed app:1 with BuildKit in 3s; it was not loaded into docker'],
  [
    { type: 'archive', format: 'oci', to: 'out.tar' },
    'Built app:1 with BuildKit in 3s, and wrote the image to out.tar (oci archive)',
  ],
  [
    { type: 'archive', format: 'files', to: 'out.tar' },
    'Built with BuildKit in 3s, and wrote the files to out.tar; no image was made',
  ],
  [
    { type: 'archive', format: 'docker', to: '-' },
    'Built app:1 with BuildKit in 3s, and wrote the image to stdout (docker archive)',
  ],
  [{ type: 'directory', to: 'out' }, 'Built with BuildKit in 3s, and wrote the files to out; no image was made'],
  [{ type: 'cache-only' }, "Built with BuildKit in 3s; no image was made, the result is in BuildKit's cache alone"],
] as const)('says what there is after a build with the output %j', (output, text) => {
  expect(toSuccessText(output, facts)).toBe(text)
})
