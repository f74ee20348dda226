import { expect, test } from 'vitest'
import { isImageId, parseImageReference, toFamiliarName, toFullName } from '../../../src/plugin.js'

const digest = `sha256:${'a'.repeat(64)}`

test.for([
  ['busybox', 'docker.io', 'busybox', undefined, undefined],
  ['busybox:1.37', 'docker.io', 'busybox', '1.37', undefined],
  ['library/busybox', 'docker.io', 'library/busybox', undefined, undefined],
  ['ghcr.io/a/b:c', 'ghcr.io', 'ghcr.io/a/b', 'c', undefined],
  ['index.docker.io/me/app:2', 'docker.io', 'index.docker.io/me/app', '2', undefined],
  ['registry-1.docker.io/me/app', 'registry-1.docker.io', 'registry-1.docker.io/me/app', undefined, undefined],
  ['Registry/app', 'Registry', 'Registry/app', undefined, undefined],
  ['localhost/app', 'localhost', 'localhost/app', undefined, undefined],
  ['localhost:5000/app', 'localhost:5000', 'localhost:5000/app', undefined, undefined],
  ['registry:5000/a/b:1', 'registry:5000', 'registry:5000/a/b', '1', undefined],
  [`busybox@${digest}`, 'docker.io', 'busybox', undefined, digest],
  [`ghcr.io/a:1@${digest}`, 'ghcr.io', 'ghcr.io/a', '1', digest],
] as const)('%s is in registry %s, with name %s, tag %s and digest %s', ([text, registry, name, tag, digest]) => {
  expect(parseImageReference(text)).toEqual({ registry, name, tag, digest })
})

test.for([
  ['busybox', 'docker.io/library/busybox:latest'],
  ['busybox:1', 'docker.io/library/busybox:1'],
  ['me/app', 'docker.io/me/app:latest'],
  ['index.docker.io/app', 'docker.io/library/app:latest'],
  ['docker.io/library/app:1', 'docker.io/library/app:1'],
  ['ghcr.io/me/app:2', 'ghcr.io/me/app:2'],
  ['localhost/app', 'localhost/app:latest'],
  ['127.0.0.1:5000/a/b:1', '127.0.0.1:5000/a/b:1'],
  ['app@sha256:aa', 'docker.io/library/app@sha256:aa'],
  ['app:1@sha256:aa', 'docker.io/library/app:1@sha256:aa'],
])('the full form of %s is %s', ([name, full]) => {
  expect(toFullName(name ?? '')).toBe(full)
})

test.for([
  ['docker.io/library/busybox:1', 'busybox:1'],
  ['docker.io/me/app:1', 'me/app:1'],
  ['docker.io/library/nested/app:1', 'library/nested/app:1'],
  ['ghcr.io/me/app:2', 'ghcr.io/me/app:2'],
  [digest, digest],
])('the short form of %s is %s', ([full, familiar]) => {
  expect(toFamiliarName(full ?? '')).toBe(familiar)
})

test('an image id has 64 hexadecimal digits, with or without sha256:', () => {
  expect(isImageId('a'.repeat(64))).toBe(true)
  expect(isImageId(digest)).toBe(true)
  expect(isImageId('a'.repeat(12))).toBe(false)
  expect(isImageId(`busybox@${digest}`)).toBe(false)
})
