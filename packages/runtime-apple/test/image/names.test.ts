import { expect, it } from 'vitest'
import { toFamiliarName, toFullName } from '../../src/image/familiar-name.js'

it.each([
  ['busybox', 'docker.io/library/busybox:latest'],
  ['busybox:1', 'docker.io/library/busybox:1'],
  ['me/app', 'docker.io/me/app:latest'],
  ['ghcr.io/me/app:2', 'ghcr.io/me/app:2'],
  ['localhost/app', 'localhost/app:latest'],
  ['127.0.0.1:5000/a/b:1', '127.0.0.1:5000/a/b:1'],
  ['app@sha256:aa', 'docker.io/library/app@sha256:aa'],
])('%s is %s in full', (name, full) => {
  expect(toFullName(name)).toBe(full)
})

it.each([
  ['docker.io/library/busybox:1', 'busybox:1'],
  ['docker.io/me/app:1', 'me/app:1'],
  ['docker.io/library/nested/app:1', 'library/nested/app:1'],
  ['ghcr.io/me/app:2', 'ghcr.io/me/app:2'],
])('%s is written %s', (full, familiar) => {
  expect(toFamiliarName(full)).toBe(familiar)
})
