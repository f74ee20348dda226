import { expect, test } from 'vitest'
import { findDockerfileImages } from '../../src/image/dockerfile-images.js'

test('finds the images that are built on and copied from, not stages and scratch', () => {
  const dockerfile = `
# FROM comment
ARG BASE=ghcr.io/a/base:1
ARG TAG="3"
FROM --platform=linux/arm64 \${BASE} AS build
RUN echo FROM nothing
from busybox:$TAG as tools
FROM scratch
COPY --from=build /a /a
COPY --chown=1:1 \\
  # a comment between
  --from=registry:5000/tools /b /b
COPY --from=0 /c /c
COPY --from=Tools /d /d
FROM \${NONE}
FROM \${NONE:-alpine}
`
  expect(findDockerfileImages(dockerfile)).toEqual([
    { reference: 'ghcr.io/a/base:1', platform: 'linux/arm64' },
    { reference: 'busybox:3', platform: undefined },
    { reference: 'registry:5000/tools', platform: undefined },
    { reference: 'alpine', platform: undefined },
  ])
  expect(findDockerfileImages('ARG TAG=1\nFROM a:$TAG', { TAG: '2' })).toEqual([
    { reference: 'a:2', platform: undefined },
  ])
})
