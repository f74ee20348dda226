import { expect, test } from 'vitest'
import { findRefusalOffences } from '../../scripts/check-refusals.mjs'

const contract = `
export interface Builder { buildImage(dockerfile: string): Promise<void>; exec(id: string): void }
export interface Other { listEverything(): void }
export const builderCapability: Capability<Builder> = defineCapability({ id: 'builder', title: 'builds' })
`

test.each([
  ["a field that is a method's name", "const refusable = { privileged: 'a', buildImage: 'b' } as const", 'buildImage'],
  [
    "a field that begins with a method's name",
    "const refusable = { 'buildImage.platform': 'a' }",
    'buildImage.platform',
  ],
  [
    "a declared field that is a method's name",
    "defineCapability({ id: 'x', title: 'x', refusable: { 'build.dns': 'a', buildImage: 'b' } })",
    'buildImage',
  ],
])('reports %s', (_, fields, field) => {
  const found = findRefusalOffences([
    { path: 'contract.ts', text: contract },
    { path: 'fields.ts', text: fields },
  ])
  const text = `the refusable field "${field}" names the method "buildImage": make what may be lacking a capability`
  expect(found).toEqual([{ path: 'fields.ts', line: 1, text }])
})

test.each([
  ['a field that begins with the same letters', "const refusable = { buildImages: 'a', 'build.dns': 'b' }"],
  ['the name of a method of an interface without a capability', "const refusable = { listEverything: 'a' }"],
  ['an option of exec', "const refusable = { 'exec.env.unset': 'a' }"],
  ['another constant', "const steps = { buildImage: 'a' }"],
])('accepts %s', (_, fields) => {
  expect(findRefusalOffences([{ path: 'all.ts', text: `${contract}\n${fields}` }])).toEqual([])
})
