export { type CompatiblePluginOptions, compatiblePlugin } from './compatible-plugin.js'
export type { EndpointCandidate, EndpointSearch, SearchPlace } from './endpoint/endpoint-candidate.js'
export { type ParseEndpointOptions, parseEndpoint } from './endpoint/parse-endpoint.js'
export type { AcceptedEngine } from './engine/accepted-engine.js'
export type { ApiVersions, DockerDetails, EngineFacts, EngineLocation } from './engine/docker-details.js'
export type {
  DirectConnection,
  DockerEndpoint,
  EndpointConnection,
  EndpointTls,
  EngineService,
  ServedConnection,
} from './engine/docker-endpoint.js'
export type { DockerSystem } from './engine/docker-system.js'
export type { EngineAdjustment, FoundEngine } from './engine/engine-adjustment.js'
export type { InfoAnswer } from './engine/engine-facts.js'
export type { EngineQuirks } from './quirks/engine-quirks.js'
export { podmanProduct } from './quirks/products.js'
