import { createRuntimeHost, networkManagerCapability, sidecarManagerCapability, toFeatureSupport } from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'

const needs = { required: [networkManagerCapability, sidecarManagerCapability], optional: [] }
const plugins = [memoryPlugin({ name: 'full' }), memoryPlugin({ name: 'bare', without: needs.required })]
for (const report of await createRuntimeHost({ plugins }).discover()) {
  const support = toFeatureSupport('Preview', needs, report)
  const verdict = support.supported ? 'works' : `needs ${support.missing.map(({ title }) => title).join(' and ')}`
  console.log(`${support.feature} on ${support.runtime}: ${verdict}`)
}
