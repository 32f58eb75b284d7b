package language

// common are words that stand in nearly every text of a language, folded: no
// accents, small letters. Words that several of these languages share are left
// out where the language has others. A tag ending in -Latn is a language
// written in Latin letters that has a script of its own.
func common() map[string]string {
	return map[string]string{
		"en": "the and you that was for are with his they have this from not what all were we when your can said there an which " +
			"she do how their if will up about out many then them these so some her would him has more my been is it to of in " +
			"he on me be at i a im hes shes dont cant please help by as or who get just now its no but our any got one had " +
			"use each other make like into time look two write go see number way could people than first water call oil find " +
			"long down day did made may part over new sound take only little work know place year live back give most very " +
			"after thing name good sentence think say great where through much before line right too mean old same tell boy " +
			"follow came want show also around form three small set put end does another well large must big even such " +
			"because turn here why ask went men read need land different home move try kind hand picture again change off " +
			"play spell air away animal house point page letter mother answer found study still learn should world ive id ill " +
			"youre theyre weve wont isnt wasnt didnt doesnt havent hasnt couldnt wouldnt thats theres whats lets thanks thank " +
			"hello sir madam regards sorry yes okay sure really maybe today tomorrow yesterday tonight morning afternoon " +
			"evening night week weekend month monday tuesday wednesday thursday friday saturday sunday january february march " +
			"april june july august september october november december street road lane close avenue near outside inside " +
			"between under above below police officer station force report crime phone email mail message reply contact car " +
			"train bike door window garden room shop school office hospital council neighbour friend family mum dad brother " +
			"sister son daughter wife husband baby child children kids girl woman lady lads guy someone anyone everyone " +
			"nobody nothing something anything everything always never sometimes often already yet soon later ago since until " +
			"till while during without within against along across behind beside both few several every own those whose whom " +
			"being having doing going coming getting looking trying taking making saying asking waiting working feeling " +
			"thinking talking using gets goes comes takes makes says tells looks seems wants needs feels knows thought knew " +
			"told asked heard saw seen left lost kept felt gave given taken gone done hope love hate feel keep let leave stop " +
			"start open shut run walk sit stand stay sleep eat drink drive ride buy sell pay send bring carry hold meet speak " +
			"talk listen watch wait begin bad best better worse worst nice lovely happy sad angry scared safe sick hurt tired " +
			"busy free full empty hot cold high low early late fast slow quick quickly loud quiet dark light black white red " +
			"blue green grey yellow brown young next last second third four five six seven eight nine hundred thousand half " +
			"hour hours minute minutes mins money pound pounds card bank account code address post job lot bit able enough " +
			"quite almost else instead though although however whether either neither perhaps probably definitely actually " +
			"currently recently information application certificate licence request enquiry question apply appointment " +
			"details following regarding further attached copy service department team customer website online ur lol omg " +
			"gonna wanna gotta cos coz pls plz thx ty yeah yep nope dunno aint innit mate cut lock stolen lar typical mode " +
			"text mom birthday points transfer accounts count timer insurance plan overnight keys ref shed bother pal aye nae " +
			"cool miss haha nah cheers welcome game update order weather remind song music schedule meeting flight book check " +
			"cost price food restaurant recipe traffic location alarm list shopping translate language credit balance bill",
		"cy": "mae yn ei eu yr ni chi dy ein eich rwyf rydw dwi rwy wyf yw ydy nad nid ddim wedi fod roedd gan gyda heb dros " +
			"wrth hefyd ond neu pan sut pam beth pwy pryd hwn hyn heddiw neithiwr bore nos diolch heddlu helpwch gallwch " +
			"hoffwn eisiau isio mi ar o gyfer sydd maen fy ac mynd mewn rhywun ers bod dim ol drws fe dod efo dan hin nhw " +
			"newydd fen dwin dyn bob bach nawr neb fel iawn heno fo fin siarad ysgol nol lawr nhwn ffon cael oes mis dydd " +
			"rwan gweud deud nesa wedii oed allan rhoi awr torri iw gwbod cyn symud dweud eto yma llun oedd wythnos mawr ddod " +
			"byw lon ffordd siop plis tri yng hyd nath neud boi arall ateb lan gweld gyd achos ydi mrawd swyddog ddydd moyn " +
			"lladd adra gael enw agor gwaith bws lle gofyn fach iddo stryd deg gweiddi fynd hanner mab dwr gwaed fawr maes " +
			"cyngor pawb hogyn clwb rhif dwy gwr fory erbyn sy coch capel ddyn weld ffenest arian bont cysgu tro fydd gadael " +
			"methu bydd marw ddoe cae cefn tua tair ydw naw nain gen rhwng byd ddeg neges mor merch sori dda aros wal aeth " +
			"oddi barod gwn ger wraig gegin rownd ddau nes saith felly ffonio wyth gallu ffrind drwyr jyst fis munud nhad " +
			"sied rhaid dwetha gefn gwybod wediu byth peth meddwl efor goll rhyw heddi ble dwyn iddi ofn twll amser bant " +
			"wedyn gwely",
		"pl":      "nie jest sie na do ze jak ale tak po od dla co juz przez bardzo pomoc prosze mam moj moja ten byl ona on jego mnie zostal gdzie dzien dobry czy sa aby tylko przed moze jestem wczoraj dzisiaj policja sasiad dom maz zona dziecko chcialbym chcialabym potrzebuje dziekuje bo tym ktos ich moge",
		"ro":      "nu este un cu pe care din mai sunt am va rog sa acum imi ajutor fost dar si la lui ei mea meu buna ziua cand aici vreau sau pentru daca foarte politia vecinul casa masina acasa aseara ieri azi noapte multumesc pot sotul copil fi fara despre",
		"es":      "que el los las una por para con pero como esta este muy todo tengo ayuda favor mi su se lo y en es estoy hola ha mas ella hay ahora aqui cuando donde gracias quiero puedo policia ayer hoy noche porque hace fue sido casa hermano esposo marido dos han buenas buenos dias",
		"fr":      "il les des est une dans pour pas vous nous je ne sur avec qui mais ce cette mon ma votre bonjour merci au aux du elle sont suis moi chez ca j'ai cest ete hier soir police voisin mari femme fait ai etait etre peut plus quand pouvez comment quel depuis nuit maison ont",
		"pt":      "a o no os um uma nao com mas isso ele ela meu minha voce por favor eu estou esta tem ajuda que para na da do se ao muito foi aqui onde agora ola perdi obrigado obrigada bom boa tarde dia noite ontem hoje alguem esse quero preciso fazer posso ter tive tenho carro casa policia sem mais anos",
		"it":      "il di che non sono per mio mia della nel ho questo anche aiuto come una gli con ma si e ce qui ora buongiorno mi lui lei del sta casa vorrei sapere buonasera ieri oggi grazie polizia perche stato hanno nella anni dove quando fatto posso sera notte",
		"lt":      "ir yra kad as mano ne bet su jis ji tai labai prasau laba diena buvo kaip i is man mes yra nuo cia dabar pas kur galiu gauti apie jau taip gali jo jos noriu kai policija namuose kaimynas vakar siandien labas aciu",
		"tr":      "ve bir bu icin cok ben beni var yok ama gibi daha lutfen evde yardim degil ne mi kadar simdi bana benim ile sonra merhaba o nereye icinde oldu nasil istiyorum kaybettim saat polis ev bey hanim dun bugun onun onu sizin kayip once komsu",
		"sq":      "policine policia pasaporten humb a ta dhe nje te ne me per eshte nuk jam ka qe si por ketu tani po mua im shtepi ju lutem u kam pershendetje duhet",
		"de":      "der die das und ist ich nicht ein eine mit auf zu den dem sich auch es von bitte wir sie haben mein er hat",
		"so":      "waa waxaa iyo oo ka ku u aan ma la ayaa uu ay si wax in fadlan caawi hadda guriga gurigayga nin waxay",
		"vi":      "toi la khong va co nguoi cho cua nha dang bi mot cac nay xin giup duoc anh chi",
		"bg-Latn": "ne se na da i moje molq pomosht v sam imam za kato tova mi nqkoj koito shte ima ot",
		"ur-Latn": "hai hain mera meri mujhe nahi nahin kya kar raha rahi ko ka ki ke se mein aap hum wo woh aur par bhi tha thi ghar yeh mere ne bhai ye isko usko hua hui liye sath bohot bahut abhi kal subah raat jo tum unka karna",
		"pa-Latn": "hai nu da di te mainu tusi si main meri mera ne vich kol oh kar reha rahi hun ghar nahi mere naal ohne ki kal diyan laye gaye aa ji saade saadi koi ch cho kr lai",
		"ar-Latn": "ana enta enti howa heya fi mesh msh 3andy 3ala 3la 3ayez 3ayza ba3d awi keda kan kont ya3ni bas wallah delwa2ty el ely mn men w lma abooya mama beit",
		"gu-Latn": "che chhe hu mane mara mari maru tame tamaru nathi ane pan ahi kem aa ghar thi ma no ni nu karo",
		"ta-Latn": "naan en enna enga illa irukku iruku oru avan aval vandhu vanthu inga ippo veetla romba nalla pannunga amma appa",
		"hu":      "es egy az hogy nem van kerem segitseg meg csak ez volt mert most itt vagyok mit jo napot koszonom",
		"cs":      "je se na ze to ale jsem pri prosim dobry den byl jeho nebo muze dekuji policie vcera dnes",
		"bn-Latn": "ami amar na ekta kore ache ki ke amake tumi apni ekhon bari theke ar she kintu korte",
	}
}
