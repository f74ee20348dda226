export { type CompatiblePluginOptions, compatiblePlugin } from './compatible-plugin.js'
export type { EndpointCandidate, EndpointSearch, EndpointSearchInput } from './endpoint/endpoint-candidate.js'
export { type ParseEndpointOptions, parseEndpoint } from './endpoint/parse-endpoint.js'
export type { ApiVersions, DockerDetails, EngineFacts } from './engine/docker-details.js'
export type {
  DirectAddress,
  DockerEndpoint,
  EndpointAddress,
  EndpointTls,
  EngineService,
  OnDemandAddress,
} from './engine/docker-endpoint.js'
export type { EngineAdjustment, FoundEngine } from './engine/engine-adjustment.js'
export type { InfoAnswer } from './engine/engine-facts.js'
export type { EngineProduct } from './engine/engine-product.js'
export type { LocalMachine } from './engine/local-machine.js'
export type { EngineQuirks } from './quirks/engine-quirks.js'
export { podmanProduct } from './supported-products.js'
