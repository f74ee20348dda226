import { expect, test } from 'vitest'
import { findOptionViolations } from '../../scripts/check-option-names.mjs'

const contract = `
export interface Builder { buildImage(dockerfile: string): Promise<void>; exec(id: string): void }
export interface Other { listEverything(): void }
export const builderCapability: Capability<Builder> = defineCapability({ id: 'builder', title: 'builds' })
`

test.each([
  ["a field that is a method's name", "const options = { privileged: 'a', buildImage: 'b' } as const", 'buildImage'],
  ["a field that begins with a method's name", "const options = { 'buildImage.platform': 'a' }", 'buildImage.platform'],
  [
    "a declared field that is a method's name",
    "defineCapability({ id: 'x', title: 'x', options: { 'build.dns': 'a', buildImage: 'b' } })",
    'buildImage',
  ],
])('reports %s', (_, fields, field) => {
  const found = findOptionViolations([
    { path: 'contract.ts', text: contract },
    { path: 'fields.ts', text: fields },
  ])
  const text = `the option "${field}" names the method "buildImage": move the method to a capability of its own`
  expect(found).toEqual([{ path: 'fields.ts', line: 1, text }])
})

test.each([
  ['a field that begins with the same letters', "const options = { buildImages: 'a', 'build.dns': 'b' }"],
  ['the name of a method of an interface without a capability', "const options = { listEverything: 'a' }"],
  ['an option of exec', "const options = { 'exec.env.unset': 'a' }"],
  ['another constant', "const steps = { buildImage: 'a' }"],
])('accepts %s', (_, fields) => {
  expect(findOptionViolations([{ path: 'all.ts', text: `${contract}\n${fields}` }])).toEqual([])
})
