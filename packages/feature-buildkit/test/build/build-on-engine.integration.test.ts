import { describeWithEngine } from '../../../../test/support/test-engine.js'
import { describeBuilds } from '../build-suite/describe-builds.js'
import { openEngineBuilder } from '../build-suite/tested-builder.js'

describeWithEngine("the engine's own BuildKit", (engine) => {
  describeBuilds(() => openEngineBuilder(engine))
})
