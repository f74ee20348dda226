import { expect, test } from 'vitest'
import { isImageId, parseImageReference, toPullTag } from '../../src/image/image-reference.js'

const digest = `sha256:${'a'.repeat(64)}`

test.for([
  ['busybox', 'docker.io', 'busybox', 'latest'],
  ['busybox:1.37', 'docker.io', 'busybox', '1.37'],
  ['library/busybox', 'docker.io', 'library/busybox', 'latest'],
  ['ghcr.io/a/b:c', 'ghcr.io', 'ghcr.io/a/b', 'c'],
  ['index.docker.io/me/app:2', 'docker.io', 'index.docker.io/me/app', '2'],
  ['registry-1.docker.io/me/app', 'registry-1.docker.io', 'registry-1.docker.io/me/app', 'latest'],
  ['Registry/app', 'Registry', 'Registry/app', 'latest'],
  ['localhost/app', 'localhost', 'localhost/app', 'latest'],
  ['localhost:5000/app', 'localhost:5000', 'localhost:5000/app', 'latest'],
  ['registry:5000/a/b:1', 'registry:5000', 'registry:5000/a/b', '1'],
  [`busybox@${digest}`, 'docker.io', 'busybox', digest],
  [`ghcr.io/a:1@${digest}`, 'ghcr.io', 'ghcr.io/a', digest],
] as const)('%s is asked of %s as %s with tag %s, never without one', ([text, registry, name, tag]) => {
  const reference = parseImageReference(text)
  expect(reference).toMatchObject({ registry, name })
  expect(toPullTag(reference)).toBe(tag)
})

test('tells an id from a reference', () => {
  expect(isImageId('a'.repeat(64))).toBe(true)
  expect(isImageId(digest)).toBe(true)
  expect(isImageId('a'.repeat(12))).toBe(false)
  expect(isImageId(`busybox@${digest}`)).toBe(false)
})
