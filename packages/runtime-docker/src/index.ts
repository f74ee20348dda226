export type { ApiVersions, DockerDetails, EngineFacts, EngineLocation } from './docker-details.js'
export { type DockerPluginOptions, type DockerTlsOptions, dockerPlugin } from './docker-plugin.js'
export type { DockerEndpoint, EndpointConnection, EndpointTls } from './endpoint/docker-endpoint.js'
