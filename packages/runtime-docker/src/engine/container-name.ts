/** Removes the slash with which the engine's names of containers begin; empty where the engine gives no name. */
export function toContainerName(name: string | undefined): string {
  return name?.replace(/^\//, '') ?? ''
}
