export { DockerfileError } from './dockerfile-error.js'
export { type DockerfileImage, type DockerfileImagesOptions, findDockerfileImages } from './dockerfile-images.js'
export { type ExpandOptions, expandWord } from './expand-word.js'
export { toWordList } from './heredoc.js'
export {
  type DockerfileInstruction,
  type HeredocText,
  type ParsedDockerfile,
  parseDockerfile,
} from './parse-dockerfile.js'
export type { EscapeCharacter } from './parser-directives.js'
export { type DockerfilePair, readPairs } from './read-pairs.js'
export { type DockerfileStage, readGlobals, splitStages } from './stages.js'
