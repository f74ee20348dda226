export type { ApiVersions, DockerDetails, EngineFacts, EngineLocation } from '../docker-details.js'
export type { DockerTimeouts } from '../docker-timeouts.js'
export type {
  DirectConnection,
  DockerEndpoint,
  EndpointConnection,
  EndpointTls,
  EngineService,
  ServedConnection,
} from '../endpoint/docker-endpoint.js'
export type { DockerSystem } from '../endpoint/docker-system.js'
export type { EndpointCandidate, EndpointSearch, SearchPlace } from '../endpoint/endpoint-candidate.js'
export type { InfoAnswer } from '../endpoint/engine-facts.js'
export { type ParseEndpointOptions, parseEndpoint } from '../endpoint/parse-endpoint.js'
export { podmanProduct as podmanEngine } from '../endpoint/products.js'
export type { AcceptedEngine } from './accepted-engine.js'
export { type CompatiblePluginOptions, compatiblePlugin } from './compatible-plugin.js'
export type { EngineAdjustment, FoundEngine } from './engine-adjustment.js'
export type { EngineHabits } from './engine-habits.js'
