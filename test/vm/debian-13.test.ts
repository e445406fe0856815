import { apparmor } from "./apparmor.ts";
import { guestOf } from "./guest.ts";
import { limits } from "./limits.ts";
import { networks } from "./networks.ts";

const guest = guestOf("trixie");
networks(guest);
limits(guest);
apparmor(guest);
