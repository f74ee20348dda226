import {
  createRuntimeHost,
  defineNeeds,
  networkManagerCapability,
  sidecarManagerCapability,
  toFeatureSupport,
} from '@capstan/core'
import { memoryPlugin } from '@capstan/runtime-memory'

const needs = defineNeeds({
  required: { networks: networkManagerCapability, sidecars: sidecarManagerCapability },
})
const plugins = [memoryPlugin({ name: 'full' }), memoryPlugin({ name: 'bare', without: Object.values(needs.required) })]
for (const report of await createRuntimeHost({ plugins }).discover()) {
  const support = toFeatureSupport('Preview', needs, report)
  const verdict = support.supported ? 'works' : `needs ${support.missing.map(({ title }) => title).join(' and ')}`
  console.log(`${support.feature} on ${support.runtime}: ${verdict}`)
}
