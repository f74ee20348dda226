export { CommandComposeManager, type CommandComposeOptions } from './command-compose-manager.js'
export type { ComposeEndpoint, ComposeTls } from './program/compose-endpoint.js'
export {
  type ComposeProgram,
  type ComposeSearch,
  type FindComposeOptions,
  findCompose,
} from './program/find-compose.js'
