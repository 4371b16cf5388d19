// `npm run docs`: writes docs/reference/.
import { writeReference } from "./reference.ts";

writeReference("docs/reference");
